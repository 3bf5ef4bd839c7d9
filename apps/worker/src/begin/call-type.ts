import type { CallType, JobType } from '@sluice/contracts';

/** The type of a job that makes a call. Batches make none: `feed-batch.ts` takes their tickets. */
export function callTypeOf(type: JobType): CallType {
  if (type === 'batch') throw new Error('a batch makes no call');
  return type;
}
