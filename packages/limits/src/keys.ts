/**
 * All keys of one lane, in one hash slot, so that one script may touch them all. An idle lane leaves nothing behind.
 *
 *   {sluice:limits:<lane>}:closure                     hash  untilMs, reason: closed for everyone until then
 *   {sluice:limits:<lane>}:leases                      zset  permit id -> end of its lease: the calls in flight
 *   {sluice:limits:<lane>}:permit:<permit id>          hash  <unit>:<windowMs> -> "slot amount intervalMs": what was
 *                                                            charged where and at what pace; concurrency: the lane's
 *   {sluice:limits:<lane>}:used:<unit>:<windowMs>      hash  <slot> -> units charged in it; total: their sum; oldest
 *                                                            and newest slot (0: none); dueAt: when the next unit is
 *                                                            due by the pace
 *   {sluice:limits:<lane>}:slots:<unit>:<windowMs>     list  the slots in `used`, oldest first
 *
 * A slot is named by the time at which the last of it has left the window. Times are epoch ms of Redis's clock. Time to
 * live: closure its length and a minute; leases a lease and a minute; a permit's record an hour, or until it is
 * settled; used and slots two windows and a minute after the newest slot was begun.
 */
export interface LaneKeys {
  closure: string;
  leases: string;
  permit(permitId: string): string;
  used(bucketName: string): string;
  slots(bucketName: string): string;
}

/** `root` is the root of all keys, `sluice` in production. */
export function laneKeys(root: string, lane: string): LaneKeys {
  const tag = `{${root}:limits:${lane}}`;
  return {
    closure: `${tag}:closure`,
    leases: `${tag}:leases`,
    permit: (permitId) => `${tag}:permit:${permitId}`,
    used: (bucketName) => `${tag}:used:${bucketName}`,
    slots: (bucketName) => `${tag}:slots:${bucketName}`,
  };
}
