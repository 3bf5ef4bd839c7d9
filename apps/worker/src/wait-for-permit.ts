import type { Outcome } from '@sluice/contracts';
import type { PermitDecision } from '@sluice/limits';

import type { Plan } from './plan-job.ts';
import { expired, isUntried } from './refuse-job.ts';
import type { RunJobDeps } from './run-job-deps.ts';

/** Calls that end settle for fewer tokens than they were charged, so there may be room before the limiter thinks so. */
const longestPauseMs = 2_000;

/** No permit: the lane rests until the tightest limit has room. A job that cannot start in time ends now, unspent. */
export function waitForPermit(
  plan: Plan,
  denied: Extract<PermitDecision, { kind: 'denied' }>,
  deps: Pick<RunJobDeps, 'clock' | 'metrics'>,
): Outcome {
  const { record } = plan;
  if (isUntried(record) && deps.clock.now() + denied.waitMs > record.startByMs) {
    return expired(record);
  }
  deps.metrics.waits.inc({ lane: plan.lane.name, limit: denied.limit });
  return {
    kind: 'wait',
    scope: 'lane',
    waitMs: Math.min(denied.waitMs, longestPauseMs),
    waitingOn: {
      limit: denied.limit,
      scope: 'lane',
      resets_at: new Date(denied.resetsAtMs).toISOString(),
    },
  };
}
