import type { Lane } from '@sluice/config';
import { loadScript, newId } from '@sluice/runtime';

import { bucketWindows, describeBucket, type ScopedWindow } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import { createMargins, type Margins } from './margins.ts';
import type { Asker, CountedBucket, PermitAmounts, PermitDecision } from './permit.ts';

/**
 * How long a slot of the concurrency is held without a sign of life. A worker renews every few seconds; this is how
 * long a dead one keeps its slots.
 */
export const leaseMs = 15_000;

/** How long an unsettled permit is remembered after it was given or renewed. */
export const recordTtlMs = 3_600_000;

const script = loadScript(import.meta.url, 'acquire-permits', ['charge-bucket']);

const leastMargins = createMargins();

export interface AskOptions extends Asker {
  /** How late the call may leave, by lane; the least margins by default. */
  margins?: Margins;
  /** Redis's clock in tests. */
  nowMs?: number | undefined;
}

/** One permit: see {@link acquirePermits}. */
export async function acquirePermit(
  deps: LimitsDeps,
  lane: Lane,
  amounts: PermitAmounts,
  options: AskOptions = {},
): Promise<PermitDecision> {
  const [decision] = await acquirePermits(deps, lane, [amounts], options);
  if (!decision) throw new Error('acquire-permits.lua decided nothing');
  return decision;
}

/**
 * One question to Redis for calls of one tenant to one target: is there room for the first in every bucket of the lane and of
 * the tenant, and a slot? For the next? What is larger than a bucket's limit is charged as the limit. Every charge counts from
 * the last moment at which its call may leave, so permits with different margins keep one limit together.
 */
export async function acquirePermits(
  deps: LimitsDeps,
  lane: Lane,
  calls: readonly PermitAmounts[],
  options: AskOptions = {},
): Promise<PermitDecision[]> {
  const { margins = leastMargins, tenant = '', target = '', nowMs } = options;
  const askedAtMs = deps.clock.now();
  const windows = bucketWindows(lane, margins, nowMs ?? askedAtMs);
  const asked = calls.map((amounts) => ({ id: newId('permit', askedAtMs), amounts }));
  const question: Question = { asked, lane, tenant, target, windows, nowMs };
  const reply = await script(deps.redis, keysOf(deps.root, question), argumentsOf(question));
  const buckets = windows.map(countedBucket);
  const sendByMs = askedAtMs + margins.shortestOf(lane);
  const permit = { lane: lane.name, tenant, target, buckets, leases: leasesOf(lane), askedAtMs };
  // The shape is the script's own; it decides on each in their order.
  return (reply as Decision[]).map((decision, i) => {
    if (decision[0] === 'denied') return denied(windows, decision);
    const { id = '', amounts = {} } = asked[i] ?? {};
    const [, ...left] = decision;
    return { kind: 'granted', permit: { ...permit, id, amounts, sendByMs, left } };
  });
}

interface Question {
  asked: readonly { id: string; amounts: PermitAmounts }[];
  lane: Lane;
  tenant: string;
  target: string;
  windows: readonly ScopedWindow[];
  nowMs: number | undefined;
}

type Decision = ['granted', ...number[]] | Denial;
type Denial = ['denied', number, 'lane' | 'tenant' | 'target' | 'closed', number, number, string];

function countedBucket({ name, unit, ofTenant, bucketMs }: ScopedWindow): CountedBucket {
  return { name, unit, ofTenant, windowMs: bucketMs };
}

function leasesOf({ concurrency, perTenant }: Lane) {
  return { lane: concurrency !== undefined, tenant: perTenant?.concurrency !== undefined };
}

function keysOf(root: string, { asked, lane, tenant, windows }: Question): string[] {
  const keys = laneKeys(root, lane.name);
  const ofTenant = keys.ofTenant(tenant);
  return [
    keys.gate,
    keys.leases,
    ofTenant.leases,
    ...windows.flatMap((window) => {
      const scope = window.ofTenant ? ofTenant : keys;
      return [scope.used(window.name), scope.slots(window.name)];
    }),
    ...asked.map(({ id }) => keys.permit(id)),
  ];
}

function argumentsOf({ asked, lane, target, windows, nowMs }: Question): (string | number)[] {
  return [
    leaseMs,
    recordTtlMs,
    lane.concurrency ?? 0,
    lane.perTenant?.concurrency ?? 0,
    windows.length,
    lane.perTenant?.buckets.length ?? 0,
    target,
    ...windows.flatMap((window) => [
      window.limit,
      window.windowMs,
      window.slotMs,
      window.intervalMs,
      window.toleranceMs,
      window.smooth ? 1 : 0,
    ]),
    ...asked.flatMap(({ id, amounts }) => [
      id,
      ...windows.map(({ unit }) => Math.ceil(amounts[unit] ?? 0)),
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
