import type { BucketName } from './buckets.ts';

/**
 * What is counted of a shard's ledger, in one hash slot, so that the rows and how far they are counted change together.
 *
 * | key                                        | type | what                                          | goes away          |
 * |--------------------------------------------|------|-----------------------------------------------|--------------------|
 * | {<root>:usage:<shard>}/counted             | text | id of the last entry that is counted          | never: one a shard |
 * | {<root>:usage:<shard>}/meter               | text | id of the process that counts                 | TTL, 5 s           |
 * | {<root>:usage:<shard>}/<table>:<interval>:<start> | hash | JSON of a row's dimensions -> JSON of its totals | TTL, see buckets.ts |
 */
export interface UsageKeys {
  counted: string;
  meter: string;
  bucket(name: BucketName): string;
}

export function usageKeys(root: string, shard: number): UsageKeys {
  const tag = `{${root}:usage:${shard}}`;
  return {
    counted: `${tag}/counted`,
    meter: `${tag}/meter`,
    bucket: ({ table, interval, startMs }) => `${tag}/${table}:${interval}:${startMs / 1_000}`,
  };
}
