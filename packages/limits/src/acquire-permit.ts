import type { Lane } from '@sluice/config';
import { loadScript, newId } from '@sluice/runtime';

import { describeBucket, windowOf } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { createMargins, type Margins } from './margins.ts';
import type { PermitAmounts, PermitDecision } from './permit.ts';

/**
 * How long a slot of the concurrency is held without a sign of life. A worker renews every few seconds; this is how
 * long a dead one keeps its slots.
 */
export const leaseMs = 15_000;

/** How long an unsettled permit is remembered after it was given or renewed. */
export const recordTtlMs = 3_600_000;

const script = loadScript(import.meta.url, 'acquire-permit');

const leastMargins = createMargins();

export interface AskOptions {
  /** How late the call may leave, by lane; the least margins by default. */
  margins?: Margins;
  /** Redis's clock in tests. */
  nowMs?: number | undefined;
}

/**
 * One question to Redis: is there room in every bucket of the lane, and a slot? What is larger than a bucket's limit is
 * charged as the limit. Every charge counts from the last moment at which its call may leave, so permits with different
 * margins keep one limit together.
 */
export async function acquirePermit(
  deps: LimitsDeps,
  lane: Lane,
  amounts: PermitAmounts,
  { margins = leastMargins, nowMs }: AskOptions = {},
): Promise<PermitDecision> {
  const askedAtMs = deps.clock.now();
  const id = newId('permit', askedAtMs);
  const keys = laneKeys(deps.root, lane.name);
  const windows = lane.buckets.map((bucket) => ({
    ...windowOf(bucket, margins.of(lane, bucket.windowMs)),
    amount: Math.ceil(amounts[bucket.unit]),
  }));
  const reply = await script(
    deps.redis,
    [
      keys.closure,
      keys.leases,
      keys.permit(id),
      ...windows.flatMap(({ name }) => [keys.used(name), keys.slots(name)]),
    ],
    [
      id,
      lane.concurrency ?? 0,
      leaseMs,
      recordTtlMs,
      ...windows.map((window) => JSON.stringify(window)),
      ...(nowMs === undefined ? [] : [nowMs]),
    ],
  );
  // The shape is the script's own.
  const decision = reply as ['granted'] | ['denied', number, string, number, string];
  if (decision[0] === 'denied') return denied(lane, decision);
  const buckets = lane.buckets.map(({ unit, windowMs }) => ({ unit, windowMs }));
  const sendByMs = askedAtMs + margins.shortestOf(lane);
  return {
    kind: 'granted',
    permit: { id, lane: lane.name, amounts, buckets, askedAtMs, sendByMs },
  };
}

function denied(
  lane: Lane,
  [, waitMs, limit, nowMs, reason]: ['denied', number, string, number, string],
): PermitDecision {
  const base = { kind: 'denied' as const, waitMs, resetsAtMs: nowMs + waitMs };
  if (limit === 'closed') return { ...base, limit: 'upstream 429', reason };
  const bucket = lane.buckets.find((each) => windowOf(each).name === limit);
  return { ...base, limit: bucket ? describeBucket(bucket) : limit };
}
