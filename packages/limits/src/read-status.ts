import type { Lane } from '@sluice/config';
import { loadScript } from '@sluice/runtime';

import { bucketName } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LaneStatus } from './lane-status.ts';
import type { LimitsDeps } from './limits-deps.ts';

const script = loadScript(import.meta.url, 'read-status');

/** See {@link Limits.status}. `nowMs` stands for Redis's clock in tests. */
export async function readStatus(
  deps: LimitsDeps,
  lane: Lane,
  nowMs?: number,
): Promise<LaneStatus> {
  const keys = laneKeys(deps.root, lane.name);
  const names = lane.buckets.map(bucketName);
  const reply = await script(
    deps.redis,
    [keys.closure, keys.leases, ...names.flatMap((name) => [keys.used(name), keys.slots(name)])],
    nowMs === undefined ? [] : [nowMs],
  );
  // The shape is the script's own.
  const [now, untilMs, reason, inFlight, ...numbers] = reply as [
    ...[now: number, untilMs: number, reason: string, inFlight: number],
    ...numbers: number[],
  ];
  return {
    lane: lane.name,
    buckets: lane.buckets.map((bucket, i) => ({
      ...bucket,
      used: numbers[2 * i] ?? 0,
      resetsAtMs: numbers[2 * i + 1] ?? now,
    })),
    concurrency: { inFlight, limit: lane.concurrency },
    ...(untilMs > 0 && { closed: { untilMs, reason } }),
  };
}
