import { errorCodes } from '@sluice/contracts';
import { exactCostOf } from '@sluice/metering';

import type { UpstreamOutcome } from '../call/call-upstream.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * Counts a call for the arm of the split that the job was sent to, which may roll the arm back. A 429 and a call that was
 * ended from here say nothing of the arm; nor does a call of another arm, to which the job fell back.
 */
export function noteArm(
  { record, route, target }: Plan,
  call: UpstreamOutcome,
  deps: Pick<RunJobDeps, 'splits' | 'log'>,
): void {
  const arm = record.routing?.arm;
  if (!arm || !route.targets.includes(target)) return;
  if (!call.ok && (call.isCut || errorCodes[call.error.code].type !== 'upstream_error')) return;
  const { attempt } = call;
  const costUsd = call.ok ? Number(exactCostOf(call.usage, target.price)) : Number.NaN;
  const noting = deps.splits.note(arm, {
    isFailed: !call.ok,
    durationMs: attempt.ended_at_ms - attempt.started_at_ms,
    ...(!Number.isNaN(costUsd) && { costUsd }),
  });
  // Not awaited: the result must not wait for it, and a call that is not counted only says less.
  noting.catch((error: unknown) => {
    deps.log.warn({ err: error, split: arm.split }, 'a call of a split was not counted');
  });
}
