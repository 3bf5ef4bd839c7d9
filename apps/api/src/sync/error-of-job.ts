import { isTerminal, SluiceError, type CompletedJob } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { WireFormat } from './wire-format.ts';

/** Why a client gets no answer from a job that it waited for; `undefined` where it completed. */
export function errorOfJob(job: JobWithoutInput | undefined): SluiceError | undefined {
  if (!job) return new SluiceError('cancelled', 'the job was erased while it was waited for');
  if (job.state === 'completed' || !isTerminal(job.state)) return undefined;
  if (job.error) return SluiceError.fromJSON(job.error);
  return new SluiceError(
    job.state === 'failed' ? 'upstream_error' : job.state,
    `the job has ${job.state}`,
  );
}

/**
 * What a job that has ended is answered with.
 * @throws SluiceError why there is no answer.
 */
export function answerOf(
  job: JobWithoutInput | undefined,
  { asAnswer }: Pick<WireFormat, 'asAnswer'>,
): CompletedJob {
  const failure = errorOfJob(job);
  const answer = job && failure && asAnswer?.(job);
  if (answer) return answer;
  if (failure || !job?.result) throw failure ?? new SluiceError('internal_error', 'no result');
  return { ...job, result: job.result };
}

/** A client would wait no longer than it has said. */
export function waitTimeout(jobId: string, timeoutSeconds: number): SluiceError {
  return new SluiceError(
    'wait_timeout',
    `the answer did not come in ${timeoutSeconds} s; the job goes on: GET /v1/jobs/${jobId}`,
  );
}

/** The process stops; another one knows the job as well. */
export function processStops(jobId: string): SluiceError {
  return new SluiceError(
    'unavailable',
    `this process stops and the job goes on: GET /v1/jobs/${jobId}`,
    { retryable: false },
  );
}
