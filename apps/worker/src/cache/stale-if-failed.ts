import { errorCodes, type ErrorCode, type Outcome } from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';
import { answeredBy } from './read-cached-result.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Failures that are the request's own: an older reply does not make them right. */
const ofTheRequest: readonly ErrorCode[] = [
  'upstream_invalid_request',
  'context_length_exceeded',
  'content_filtered',
  'workflow_failed',
];

/**
 * A job for which there is a stale reply that may answer if its call fails:
 *
 * | its run came to                                      | the job                                    |
 * |------------------------------------------------------|--------------------------------------------|
 * | a failure of the upstream, for good or to be retried | is answered by the stale reply             |
 * | a closed lane or an open breaker                     | the same: the upstream cannot be asked now |
 * | anything else                                        | goes on as if there were none              |
 */
export async function staleIfFailed(
  plan: Plan,
  outcome: Outcome,
  deps: RunJobDeps,
): Promise<Outcome> {
  const fallback = plan.cached?.fallback;
  if (!fallback || !isUpstreamDown(outcome)) return outcome;
  const { record } = plan;
  const failed = outcome.kind === 'ended' ? outcome.ending.entry : outcome.entry;
  if (failed) await deps.records.bookCall(record.jobId, failed);
  const calls = record.calls + (failed ? 1 : 0);
  const answered = answeredBy({ ...plan, record: { ...record, calls } }, fallback, deps);
  const attempt = attemptOf(outcome);
  return { ...answered, ending: { ...answered.ending, ...(attempt && { attempt }) } };
}

function isUpstreamDown(outcome: Outcome): boolean {
  if (outcome.kind === 'retry') return true;
  if (outcome.kind === 'wait') {
    return ['upstream 429', 'circuit breaker'].includes(outcome.waitingOn.limit);
  }
  if (outcome.kind !== 'ended' || outcome.ending.state !== 'failed') return false;
  const { code } = outcome.ending.error;
  return errorCodes[code].type === 'upstream_error' && !ofTheRequest.includes(code);
}

function attemptOf(outcome: Outcome) {
  if (outcome.kind === 'ended') return outcome.ending.attempt;
  return outcome.kind === 'retry' ? outcome.attempt : undefined;
}
