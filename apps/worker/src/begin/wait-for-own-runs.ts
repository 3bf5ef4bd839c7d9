import type { Outcome, WaitingOn } from '@sluice/contracts';

import type { RunJobDeps } from '../run-job-deps.ts';

/** The job was not begun: as many jobs of its tenant run as may, over all lanes. Only this ticket waits. */
export async function waitForOwnRuns(
  jobId: string,
  waitMs: number,
  { clock, records }: Pick<RunJobDeps, 'clock' | 'records'>,
): Promise<Outcome> {
  const resets_at = new Date(clock.now() + waitMs).toISOString();
  const waitingOn: WaitingOn = { limit: 'max_concurrency', scope: 'tenant', resets_at };
  const isQueued = await records.noteWait(jobId, waitingOn);
  if (!isQueued) return { kind: 'nothing', reason: 'not queued' };
  return { kind: 'wait', scope: 'tenant', waitMs, waitingOn };
}
