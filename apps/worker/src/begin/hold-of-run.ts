import type { HeldTicket } from '@sluice/contracts';
import type { Hold } from '@sluice/records';

import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * Whether a run goes on to have its job; `ended` and `lost` are aborted:
 *
 * | the run                                      | the record says              | reply |
 * |----------------------------------------------|------------------------------|-------|
 * | has not heard that it has begun              | not asked: it may not say yet| held  |
 * | has begun                                    | in progress, this run's      | held  |
 * | has begun, and its job was ended from outside| cancelled, expired           | ended |
 * | has begun, and was taken over                | another run's, or it is gone | lost  |
 * | steps of a batch, releases a delayed job     | not asked: they begin no run | held  |
 *
 * Asked before its begin has arrived, the record would have a good run aborted.
 */
export async function holdOfRun(
  { jobId, run }: Pick<HeldTicket, 'jobId' | 'run'>,
  { records, runs }: Pick<RunJobDeps, 'records' | 'runs'>,
): Promise<Hold> {
  return runs.get(run) === 'begun' ? await records.holdOf(jobId, run) : 'held';
}
