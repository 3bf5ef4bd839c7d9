import { newId } from '@sluice/runtime';

/** Two characters of five bits each name the shard. */
export const maxShards = 1024;

// The alphabet of newId: Crockford's base 32 in lower case.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Prefix, 26 characters of newId, two of the shard, and on a batch's child `_` and its index. */
const jobIdPattern = /^[a-z]{1,12}_[0-9a-hjkmnp-tv-z]{26}([0-9a-hjkmnp-tv-z]{2})(?:_\d{1,9})?$/;

/**
 * The shard that a job id names, from 0; `undefined` for a text that is no job id. Ids come from clients, so every
 * function that takes one treats such a text as a job that is not there.
 */
export function shardOf(jobId: string): number | undefined {
  const characters = jobIdPattern.exec(jobId)?.[1];
  if (characters === undefined) return undefined;
  return alphabet.indexOf(characters.charAt(0)) * 32 + alphabet.indexOf(characters.charAt(1));
}

/** A new job id on `shard`. Ids sort by the millisecond of their making. */
export function newShardedId(nowMs: number, shard: number): string {
  return `${newId('job', nowMs)}${alphabet.charAt(shard >> 5)}${alphabet.charAt(shard & 31)}`;
}
