import type { Lane } from '@sluice/config';
import { loadScript, newId } from '@sluice/runtime';

import { bucketWindows, describeBucket, type ScopedWindow } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { createMargins, type Margins } from './margins.ts';
import type { Asker, PermitAmounts, PermitDecision } from './permit.ts';

/**
 * How long a slot of the concurrency is held without a sign of life. A worker renews every few seconds; this is how
 * long a dead one keeps its slots.
 */
export const leaseMs = 15_000;

/** How long an unsettled permit is remembered after it was given or renewed. */
export const recordTtlMs = 3_600_000;

const script = loadScript(import.meta.url, 'acquire-permit');

const leastMargins = createMargins();

export interface AskOptions extends Asker {
  /** How late the call may leave, by lane; the least margins by default. */
  margins?: Margins;
  /** Redis's clock in tests. */
  nowMs?: number | undefined;
}

/**
 * One question to Redis: is there room in every bucket of the lane and of the tenant, and a slot? What is larger than a
 * bucket's limit is charged as the limit. Every charge counts from the last moment at which its call may leave, so permits
 * with different margins keep one limit together.
 */
export async function acquirePermit(
  deps: LimitsDeps,
  lane: Lane,
  amounts: PermitAmounts,
  options: AskOptions = {},
): Promise<PermitDecision> {
  const { margins = leastMargins, tenant = '', target = '', nowMs } = options;
  const askedAtMs = deps.clock.now();
  const id = newId('permit', askedAtMs);
  const windows = bucketWindows(lane, margins, nowMs ?? askedAtMs);
  const asked: Asked = { id, lane, tenant, target, windows, amounts, nowMs };
  const reply = await script(deps.redis, keysOf(deps.root, asked), argumentsOf(asked));
  // The shape is the script's own.
  const decision = reply as ['granted', ...number[]] | Denial;
  if (decision[0] === 'denied') return denied(windows, decision);
  const [, ...left] = decision;
  const buckets = windows.map(({ name, unit, ofTenant, bucketMs }) => ({
    name,
    unit,
    ofTenant,
    windowMs: bucketMs,
  }));
  const sendByMs = askedAtMs + margins.shortestOf(lane);
  const call = { lane: lane.name, tenant, target, amounts, buckets, leases: leasesOf(lane) };
  return { kind: 'granted', permit: { id, ...call, askedAtMs, sendByMs, left } };
}

interface Asked {
  id: string;
  lane: Lane;
  tenant: string;
  target: string;
  windows: readonly ScopedWindow[];
  amounts: PermitAmounts;
  nowMs: number | undefined;
}

type Denial = ['denied', number, 'lane' | 'tenant' | 'target' | 'closed', number, number, string];

function leasesOf({ concurrency, perTenant }: Lane) {
  return { lane: concurrency !== undefined, tenant: perTenant?.concurrency !== undefined };
}

function keysOf(root: string, { id, lane, tenant, windows }: Asked): string[] {
  const keys = laneKeys(root, lane.name);
  const ofTenant = keys.ofTenant(tenant);
  return [
    keys.gate,
    keys.permit(id),
    keys.leases,
    ofTenant.leases,
    ...windows.flatMap((window) => {
      const scope = window.ofTenant ? ofTenant : keys;
      return [scope.used(window.name), scope.slots(window.name)];
    }),
  ];
}

function argumentsOf({ id, lane, target, windows, amounts, nowMs }: Asked): (string | number)[] {
  return [
    id,
    leaseMs,
    recordTtlMs,
    lane.concurrency ?? 0,
    lane.perTenant?.concurrency ?? 0,
    lane.perTenant?.buckets.length ?? 0,
    target,
    ...windows.flatMap((window) => [
      Math.ceil(amounts[window.unit] ?? 0),
      window.limit,
      window.windowMs,
      window.slotMs,
      window.intervalMs,
      window.toleranceMs,
      window.smooth ? 1 : 0,
    ]),
    ...(nowMs === undefined ? [] : [nowMs]),
  ];
}

function denied(
  windows: readonly ScopedWindow[],
  [, scriptWaitMs, scope, number, nowMs, reason]: Denial,
): PermitDecision {
  const bucket = windows[number - 1];
  // A calendar day ends before its window would.
  const waitMs = Math.max(1, Math.min(scriptWaitMs, (bucket?.endsAtMs ?? Infinity) - nowMs));
  const base = { kind: 'denied' as const, waitMs, resetsAtMs: nowMs + waitMs };
  if (scope === 'closed') return { ...base, scope: 'lane', limit: 'upstream 429', reason };
  if (scope === 'target') return { ...base, scope, limit: 'circuit breaker' };
  const limit = bucket
    ? describeBucket({ unit: bucket.unit, windowMs: bucket.bucketMs })
    : 'concurrency';
  return { ...base, scope, limit: scope === 'tenant' ? `${limit} of the tenant` : limit };
}
