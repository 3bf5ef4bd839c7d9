import type { Config } from '@sluice/config';

/** The shards of the jobs, from 0. */
export function shardsOf(config: Config): number[] {
  return Array.from({ length: config.shards }, (_, shard) => shard);
}
