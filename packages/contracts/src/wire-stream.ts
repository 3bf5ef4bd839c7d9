import type { SluiceError } from './errors.ts';
import type { JobResult, TimelineEvent } from './job.ts';
import type { JobRecord } from './record.ts';
import type { TextDelta } from './text-delta.ts';

/** A job that has completed, without what it was asked. */
export interface CompletedJob extends Omit<JobRecord, 'input'> {
  result: JobResult;
}

/**
 * Writes a stream of server-sent events in a vendor's format. Every method gives the frames to send, or an empty text for none.
 * The first frame sends the head with status 200: until then a failure is an answer with a status of its own.
 */
export interface WireStream {
  /** Anything that happens to the job beside `delta` and `restart`, the first of them is `queued`, from its accept. */
  event(event: TimelineEvent): string;
  /** A piece of the answer, which goes on from all that were given before. */
  delta(delta: TextDelta): string;
  /** All pieces were given. */
  end(job: CompletedJob): string;
  /** The stream ends without its answer. The job is given where it has ended. */
  error(error: SluiceError, requestId: string, job: Omit<JobRecord, 'input'> | undefined): string;
}
