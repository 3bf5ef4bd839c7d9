import { errorCodes } from '@sluice/contracts';
import type { Target } from '@sluice/config';
import { exactCostOf } from '@sluice/metering';

import type { UpstreamOutcome } from '../call/call-upstream.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * Counts a call for the arm of the split that the job was sent to, which may roll the arm back. A 429, a run that waits for a
 * person and a call that was ended from here say nothing of the arm; nor does a call of another arm, to which the job fell back.
 */
export function noteArm(
  { record, route, target }: Plan,
  call: UpstreamOutcome,
  deps: Pick<RunJobDeps, 'splits' | 'log' | 'metrics'>,
): void {
  const arm = record.routing?.arm;
  if (!arm || !route.targets.includes(target)) return;
  if (call.ok && call.pause) return;
  if (!call.ok && (call.isCut || errorCodes[call.error.code].type !== 'upstream_error')) return;
  const { attempt } = call;
  const costUsd = costOf(call, target);
  const noting = deps.splits.note(arm, {
    isFailed: !call.ok || hasRunFailed(call),
    durationMs: attempt.ended_at_ms - attempt.started_at_ms,
    ...(!Number.isNaN(costUsd) && { costUsd }),
  });
  // Not awaited: the result must not wait for it, and a call that is not counted only says less.
  noting.then(
    (reason) => {
      if (reason !== undefined) {
        deps.metrics.splitRollbacks.inc({ split: arm.split, arm: arm.model });
      }
    },
    (error: unknown) => {
      deps.log.warn({ err: error, split: arm.split }, 'a call of a split was not counted');
    },
  );
}

/** An app that ran and failed has answered, and did worse than one that succeeds. */
function hasRunFailed(call: Extract<UpstreamOutcome, { ok: true }>): boolean {
  const result = call.pause ? undefined : call.result;
  return result?.type === 'workflow' && (result.status === 'failed' || result.status === 'stopped');
}

/** US dollars; not a number where nobody knows. */
function costOf(call: UpstreamOutcome, { price }: Pick<Target, 'price'>): number {
  if (!call.ok || call.pause) return Number.NaN;
  return Number(call.costUsd ?? exactCostOf(call.usage, price));
}
