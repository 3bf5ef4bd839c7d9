import type { CompletedJob, JobRecord } from '@sluice/contracts';

/** @throws TypeError for a job without a result. */
export function completedJob({ result, ...job }: JobRecord): CompletedJob {
  if (!result) throw new TypeError(`${job.jobId} has no result`);
  return { ...job, result };
}
