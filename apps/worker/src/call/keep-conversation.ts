import type { RunResult } from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { sessionOf } from './session-of.ts';

/** The session's next job goes on where this one ended. Sent, not awaited: what finishes the job follows it. */
export function keepConversation(
  plan: Plan,
  result: RunResult,
  deps: Pick<RunJobDeps, 'log' | 'records'>,
): void {
  const session = sessionOf(plan);
  const { app } = plan.target;
  if (!session || !app || result.type !== 'workflow' || !result.conversation_id) return;
  const conversation = { id: result.conversation_id, ttlMs: app.sessionTtlMs };
  deps.records.keepConversation(session, conversation).catch((error: unknown) => {
    deps.log.warn({ err: error, jobId: plan.record.jobId }, 'a conversation was not kept');
  });
}
