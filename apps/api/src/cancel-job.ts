import { cancelChannel, isTerminal, SluiceError, type JobEnding } from '@sluice/contracts';
import { scheduledLane } from '@sluice/queue';
import type { JobSummary } from '@sluice/records';
import { eventIdOf } from '@sluice/webhooks';

import { cancelBatch } from './cancel-batch.ts';
import type { ApiDeps } from './deps.ts';
import { hurryJob } from './hurry-job.ts';

type CancelDeps = Pick<ApiDeps, 'clock' | 'config' | 'lanes' | 'records' | 'redis'>;

/** Children of a batch that are cancelled at once: enough to fill the pipe, too few to hold up other requests. */
const childrenAtOnce = 100;

const cancelledByClient: JobEnding = {
  state: 'cancelled',
  error: { code: 'cancelled', message: 'cancelled by the client', retryable: false },
};

/**
 * Ends a live job as cancelled. The record first: from then on no result of it counts. Then its ticket is taken away, and
 * workers are told to abort its call, which only saves money. A batch is ended before its children, so that it is not put
 * together meanwhile; cancelling once more goes on where a crash has left children or a call behind.
 * @throws SluiceError `job_not_cancellable` when the job had ended, `not_found` when it is gone.
 */
export async function cancelJob(job: Omit<JobSummary, 'state'>, deps: CancelDeps): Promise<void> {
  if (job.fileBatch) return await cancelBatch(job, deps);
  const finished = await endAndRelease(job, deps);
  switch (finished.kind) {
    case 'missing':
      throw new SluiceError('not_found', `there is no job "${job.jobId}"`, { param: 'id' });
    case 'already':
    case 'refused':
      if (finished.state === 'cancelled') await cancelChildren(job, deps);
      throw new SluiceError(
        'job_not_cancellable',
        `the job cannot be cancelled: it is ${finished.state}`,
        { param: 'id' },
      );
    case 'finished':
      await cancelChildren(job, deps);
  }
}

async function endAndRelease(job: Omit<JobSummary, 'state'>, deps: CancelDeps) {
  const { jobId, lane, targetIndex, retries: retry } = job;
  const finished = await deps.records.finish(jobId, cancelledByClient, eventIdOf(jobId));
  // Whoever cancels again may have had no answer because Redis came back too late for what follows here.
  const isCancelled =
    finished.kind === 'finished' || ('state' in finished && finished.state === 'cancelled');
  if (!isCancelled) return finished;
  // BullMQ leaves a ticket that is being worked on; its run ends by the message.
  await deps.redis.publish(cancelChannel(deps.config.root), jobId);
  // What was started upstream and is followed by nobody now is stopped by the worker that takes the ticket.
  if (job.upstream) await hurryJob(job, deps, 0);
  else await deps.lanes.remove(lane, { jobId, attempt: targetIndex + 1, retry });
  if (job.runAtMs !== undefined)
    await deps.lanes.remove(scheduledLane, { jobId, attempt: 1, retry });
  return finished;
}

async function cancelChildren(
  { jobId: batchId, tenantId, type }: Pick<JobSummary, 'jobId' | 'tenantId' | 'type'>,
  deps: CancelDeps,
): Promise<void> {
  if (type !== 'batch') return;
  let after: string | undefined;
  do {
    const page = await deps.records.list(tenantId, {
      batchId,
      limit: childrenAtOnce,
      ...(after !== undefined && { after }),
    });
    const live = page.records.filter((child) => !isTerminal(child.state));
    await Promise.all(live.map((child) => endAndRelease(child, deps)));
    after = page.nextCursor;
  } while (after !== undefined);
}
