import { newId, shardOfSuffix, shardSuffix } from '@sluice/runtime';

/** Prefix, 26 characters of newId, two of the shard, and on a batch's child `_` and its index. */
const jobIdPattern = /^[a-z]{1,12}_[0-9a-hjkmnp-tv-z]{26}([0-9a-hjkmnp-tv-z]{2})(?:_\d{1,9})?$/;

/**
 * The shard that a job id names, from 0; `undefined` for a text that is no job id. Ids come from clients, so every
 * function that takes one treats such a text as a job that is not there.
 */
export function shardOf(jobId: string): number | undefined {
  const characters = jobIdPattern.exec(jobId)?.[1];
  return characters === undefined ? undefined : shardOfSuffix(characters);
}

/** A new job id on `shard`. Ids sort by the millisecond of their making. A batch of a file is told by its prefix. */
export function newShardedId(
  nowMs: number,
  shard: number,
  prefix: 'job' | 'batch' = 'job',
): string {
  return `${newId(prefix, nowMs)}${shardSuffix(shard)}`;
}
