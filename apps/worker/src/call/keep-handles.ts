import { SluiceError, type UpstreamHandle } from '@sluice/contracts';

import type { Plan } from '../begin/plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

export interface HandleKeeper {
  /** Stores the handle of the call in the record, or forgets it. A job that is over meanwhile gets no call. */
  keep(handle: UpstreamHandle | undefined): Promise<void>;
  /** Whether the record has a handle now. */
  isHeld(): boolean;
}

/** Keeps what finds the call of this run of a job again. */
export function keepHandles(
  { record }: Pick<Plan, 'record'>,
  { records }: Pick<RunJobDeps, 'records'>,
): HandleKeeper {
  let isHeld = record.upstream !== undefined;
  return {
    isHeld: () => isHeld,
    async keep(handle) {
      isHeld = handle !== undefined;
      if (await records.storeUpstream(record.jobId, handle)) return;
      throw new SluiceError('cancelled', 'the job ended before its call had started');
    },
  };
}
