/**
 * The root of all keys. Every key of a job lives in its shard's hash slot, so that Lua may touch several at once:
 *
 *   {sluice:<shard>}…      records, timelines, outbox, and as BullMQ's prefix the lanes   (packages/records, packages/queue)
 *   {sluice:limits:<lane>}…  buckets, leases and closures of one lane                     (packages/limits)
 *   {sluice:budgets}…       budgets, what is spent of them and set aside                    (packages/metering)
 *   {sluice:usage:<shard>}…  what the shard's ledger adds up to                             (packages/metering)
 *   sluice:parked-keys     API keys that the upstream refused                              (packages/limits)
 *   sluice:cache:…         cached results, one slot each                                   (packages/cache)
 *
 * `root` is `sluice` in production; tests use one of their own.
 */
export function shardTag(root: string, shard: number): string {
  return `{${root}:${shard}}`;
}
