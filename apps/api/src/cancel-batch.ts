import { SluiceError } from '@sluice/contracts';
import type { JobSummary } from '@sluice/records';

import type { ApiDeps } from './deps.ts';
import { hurryJob } from './hurry-job.ts';

/**
 * Cancels a batch of a file: it is `cancelling` from now on, and cancelled when a worker has ended its live jobs and has written what
 * there is of results. Asked for twice it changes nothing more.
 * @throws SluiceError `job_not_cancellable` when it has ended or has all of its results.
 */
export async function cancelBatch(
  batch: Omit<JobSummary, 'state'>,
  deps: Pick<ApiDeps, 'records' | 'clock' | 'lanes'>,
): Promise<void> {
  const moved = await deps.records.movePhase(batch.jobId, {
    from: ['validating', 'in_progress'],
    to: 'cancelling',
    fields: { cancellingAt: deps.clock.now(), ending: 'cancelled' },
    event: { type: 'batch.cancelling' },
  });
  switch (moved.kind) {
    case 'moved':
      await hurryJob(batch, deps, 0);
      return;
    case 'missing':
      throw new SluiceError('not_found', `there is no batch "${batch.jobId}"`, { param: 'id' });
    case 'refused': {
      const isLive = moved.state === 'queued' || moved.state === 'in_progress';
      if (isLive && moved.phase === 'cancelling') return;
      const shown = isLive ? moved.phase : moved.state;
      throw new SluiceError(
        'job_not_cancellable',
        `the batch cannot be cancelled: it is ${shown}`,
        {
          param: 'id',
        },
      );
    }
  }
}
