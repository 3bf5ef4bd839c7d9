import type { Config } from '@sluice/config';
import type { Outcome } from '@sluice/contracts';
import type { PermitDecision } from '@sluice/limits';

import { moveOn } from '../outcome/move-on.ts';
import type { Plan } from '../begin/plan-job.ts';
import { expiry, passedDeadline } from '../begin/deadline.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * Calls that end settle for fewer tokens than they were charged, so there may be room before the limiter thinks so; and
 * a job that cannot wait that long has to be looked at to be sent elsewhere.
 */
export const longestPauseMs = 2_000;

/** Tickets of a broken target come back over this time, not all at once. */
const spreadMs = 4_000;

type Denied = Extract<PermitDecision, { kind: 'denied' }>;

/**
 * No permit. A job whose deadline comes before it may start goes to the next target, or without one ends now, unspent; else by what has
 * no room:
 *
 * | scope                                  | outcome                                              |
 * |----------------------------------------|------------------------------------------------------|
 * | lane                                   | the lane rests until the tightest limit has room     |
 * | tenant                                 | only this ticket waits; the others of the lane go on |
 * | target (its circuit breaker is open)   | the next target, if there is one                     |
 * |   … and the lane has no other target   | the lane rests until the next probe                  |
 * |   … and it has others                  | only this ticket waits                               |
 */
export function waitForPermit(
  plan: Plan,
  denied: Denied,
  deps: Pick<RunJobDeps, 'clock' | 'config' | 'metrics' | 'random'>,
): Outcome {
  const { record } = plan;
  deps.metrics.waits.inc({ lane: plan.lane.name, limit: denied.limit });
  const isBroken = denied.scope === 'target';
  if (isBroken && !record.upstream) {
    const moved = moveOn(plan, { reason: 'error', why: denied.limit });
    if (moved.outcome) return moved.outcome;
  }
  const late = leaveIfLate(plan, denied.limit, deps.clock.now() + denied.waitMs);
  if (late) return late;
  const isAlone = !isBroken || targetsIn(plan.lane.name, deps.config) === 1;
  if (denied.scope === 'lane' || (isBroken && isAlone)) {
    return wait('lane', Math.min(denied.waitMs, longestPauseMs), denied);
  }
  const spread = isBroken ? deps.random() * spreadMs : 0;
  return wait('tenant', Math.ceil(denied.waitMs + spread), denied);
}

/**
 * What becomes of a job that has to wait until `startMs` for its target and is late then: the next target may have room now;
 * without one it ends. One whose run goes on upstream waits for that.
 */
export function leaveIfLate(plan: Plan, limit: string, startMs: number): Outcome | undefined {
  const { record } = plan;
  const passed = record.upstream ? undefined : passedDeadline(record, startMs);
  if (!passed) return undefined;
  const { outcome } = moveOn(plan, { reason: 'wait', why: limit });
  return outcome ?? { kind: 'ended', ending: expiry(record, passed, `it waits for ${limit}`) };
}

function wait(scope: 'lane' | 'tenant', waitMs: number, denied: Denied): Outcome {
  const { limit } = denied;
  const resets_at = new Date(denied.resetsAtMs).toISOString();
  return { kind: 'wait', scope, waitMs, waitingOn: { limit, scope, resets_at } };
}

/** How many upstream models or apps share a lane. */
export function targetsIn(lane: string, { routes }: Pick<Config, 'routes'>): number {
  const targets = Object.values(routes)
    .flatMap((byName) => Object.values(byName))
    .flatMap((route) => route.targets)
    .filter((target) => target.lane === lane);
  return new Set(targets.map(({ model }) => model)).size;
}
