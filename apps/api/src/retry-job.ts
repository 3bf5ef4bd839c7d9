import { SluiceError, type JobState } from '@sluice/contracts';
import type { JobSummary } from '@sluice/records';
import { itineraryOf } from '@sluice/routing';

import type { ApiDeps } from './deps.ts';

type RetryDeps = Pick<ApiDeps, 'config' | 'lanes' | 'records'>;

/**
 * Queues an ended job once more, from the first of its targets. Of many callers at once one succeeds, and the others find
 * it queued. A batch or a child of one is not retried: the batch has been put together, and its counts have been told.
 * @throws SluiceError `job_not_retryable` when it is live, completed or of a batch; `not_found` when it is gone;
 *   `model_not_found` or `app_not_found` when the configuration no longer has what it asks for.
 */
export async function retryJob(job: JobSummary, deps: RetryDeps): Promise<void> {
  if (job.type === 'batch' || job.batch) {
    throw notRetryable('a batch and its jobs are not retried: submit what failed as a new batch');
  }
  if (!isRetryable(job.state)) throw notRetryable(`the job is ${job.state}`);
  const { lane } = itineraryOf(deps.config, { ...job, type: job.type }).steps[0].target;
  const reply = await deps.records.retry(job, { lane, ticket: placementOf(job, lane, deps) });
  switch (reply.kind) {
    case 'queued':
      return;
    case 'refused':
      throw notRetryable(`the job is ${reply.state}`);
    case 'changed':
      throw notRetryable('the job was retried just now');
    case 'missing':
      throw new SluiceError('not_found', `there is no job "${job.jobId}"`, { param: 'id' });
  }
}

/** Whether a job that ended so may be tried again: a completed one has what it was for. */
export function isRetryable(state: JobState): boolean {
  return state === 'failed' || state === 'cancelled' || state === 'expired';
}

function placementOf(job: JobSummary, lane: string, { lanes }: RetryDeps) {
  const { jobId, tenantId, type, model, priority, tokens, weight, runAtMs } = job;
  const ticket = { jobId, tenantId, type, model, attempt: 1, retry: job.retries + 1 };
  return lanes.placement({ ticket, lane, priority, tokens, weight, runAtMs });
}

function notRetryable(reason: string): SluiceError {
  return new SluiceError('job_not_retryable', `the job cannot be retried: ${reason}`, {
    param: 'id',
  });
}
