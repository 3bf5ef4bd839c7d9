/**
 * All keys of one lane, in one hash slot, so that one script may touch them all. An idle lane leaves nothing behind.
 *
 *   {sluice:limits:<lane>}:gate                        hash  untilMs, reason: closed for everyone until then; and for each
 *                                                            target whose breaker has something to say:
 *                                                            windowAt, faults, oks: what it counts, since when;
 *                                                            probeAt (open: the next probe may go then), probedAt, pauseMs,
 *                                                            passed (good probes in a row), each with `:<target>`
 *   {sluice:limits:<lane>}:leases                      zset  permit id -> end of its lease: the calls in flight, where the
 *                                                            lane has a concurrency
 *   {sluice:limits:<lane>}:permit:<permit id>          packed  whether it is a probe, then slot, amount and intervalMs of
 *                                                            each bucket: what was charged where and at what pace
 *   {sluice:limits:<lane>}:used:<unit>:<windowMs>      hash  <slot> -> units charged in it; state: four doubles, packed:
 *                                                            their sum, when the next unit is due by the pace, oldest and
 *                                                            newest slot (0: none); bookedAt: until when a tenant's
 *                                                            tickets were told to come back
 *   {sluice:limits:<lane>}:slots:<unit>:<windowMs>     list  the slots in `used`, oldest first
 *   {sluice:limits:<lane>}:tenant:<tenant>:…           leases, used and slots of one tenant in the lane
 *   {sluice:limits}:controls                           hash  <lane> -> JSON of what an operator has set: pause, overrides
 *
 * A slot is named by the time at which the last of it has left the window. Times are epoch ms of Redis's clock. Time to
 * live: gate its closure and a minute, or ten minutes after a breaker's last word; leases a lease and a minute; a permit's
 * record an hour, or until it is settled; used and slots two windows and a minute after the newest slot was begun.
 * Controls stay until an operator takes them back.
 */
export interface LaneKeys extends ScopeKeys {
  gate: string;
  permit(permitId: string): string;
  ofTenant(tenant: string): ScopeKeys;
}

/** What the lane has, and each tenant in it. */
export interface ScopeKeys {
  leases: string;
  used(bucketName: string): string;
  slots(bucketName: string): string;
}

/** By what all keys of a lane begin with; there are as many as lanes. */
const known = new Map<string, LaneKeys>();

/** `root` is the root of all keys, `sluice` in production. */
export function laneKeys(root: string, lane: string): LaneKeys {
  const tag = `{${root}:limits:${lane}}`;
  let keys = known.get(tag);
  if (!keys) known.set(tag, (keys = newLaneKeys(tag)));
  return keys;
}

function newLaneKeys(tag: string): LaneKeys {
  return {
    gate: `${tag}:gate`,
    permit: (permitId) => `${tag}:permit:${permitId}`,
    ofTenant: (tenant) => scopeKeys(`${tag}:tenant:${tenant}`),
    ...scopeKeys(tag),
  };
}

export function controlsKey(root: string): string {
  return `{${root}:limits}:controls`;
}

function scopeKeys(prefix: string): ScopeKeys {
  return {
    leases: `${prefix}:leases`,
    used: (bucketName) => `${prefix}:used:${bucketName}`,
    slots: (bucketName) => `${prefix}:slots:${bucketName}`,
  };
}
