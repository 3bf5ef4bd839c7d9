import type { Lane } from '@sluice/config';
import { loadScript } from '@sluice/runtime';

import { bucketName } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LaneStatus } from './lane-status.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { pacificDay } from './pacific-day.ts';

const script = loadScript(import.meta.url, 'read-status');

/** See {@link Limits.status}. `nowMs` stands for Redis's clock in tests. */
export async function readStatus(
  deps: LimitsDeps,
  lane: Lane,
  nowMs?: number,
): Promise<LaneStatus> {
  const keys = laneKeys(deps.root, lane.name);
  const names = lane.buckets.map((bucket) => bucketName(bucket, nowMs ?? deps.clock.now()));
  const reply = await script(
    deps.redis,
    [keys.gate, keys.leases, ...names.flatMap((name) => [keys.used(name), keys.slots(name)])],
    nowMs === undefined ? [] : [nowMs],
  );
  // The shape is the script's own.
  const [now, fields, inFlight, ...numbers] = reply as [
    ...[now: number, gate: string[], inFlight: number],
    ...numbers: number[],
  ];
  const gate = pairsOf(fields);
  const untilMs = Number(gate.get('untilMs') ?? 0);
  return {
    lane: lane.name,
    buckets: lane.buckets.map((bucket, i) => ({
      ...bucket,
      used: numbers[2 * i] ?? 0,
      resetsAtMs: Math.min(
        numbers[2 * i + 1] ?? now,
        bucket.resets === undefined ? Infinity : pacificDay(now).endsAtMs,
      ),
    })),
    concurrency: { inFlight, limit: lane.concurrency },
    ...(untilMs > now && { closed: { untilMs, reason: gate.get('reason') ?? '' } }),
    brokenTargets: brokenTargets(gate),
  };
}

function brokenTargets(gate: ReadonlyMap<string, string>): LaneStatus['brokenTargets'] {
  const prefix = 'probeAt:';
  return [...gate]
    .filter(([field]) => field.startsWith(prefix))
    .map(([field, value]) => ({ target: field.slice(prefix.length), probeAtMs: Number(value) }));
}

function pairsOf(flat: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) pairs.set(flat[i] ?? '', flat[i + 1] ?? '');
  return pairs;
}
