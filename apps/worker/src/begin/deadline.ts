import { SluiceError, type JobEnding, type JobRecord } from '@sluice/contracts';
import { countedFromMs } from '@sluice/records';

type Dated = Pick<
  JobRecord,
  'attempts' | 'interruptions' | 'upstream' | 'startByMs' | 'deadlineMs'
>;

type Expiring = Dated & Pick<JobRecord, 'createdAtMs' | 'runAtMs' | 'earlierTries'>;

/** The request's name of a deadline of the whole job. */
type Deadline = 'max_wait_seconds' | 'timeout_seconds';

/**
 * No call for the job's result has been answered, and none may be under way: it can end as if it had never been tried. A
 * classifier may have been asked.
 */
export function isUntried({ attempts, upstream }: Pick<Dated, 'attempts' | 'upstream'>): boolean {
  return attempts.every(({ purpose }) => purpose === 'classify') && upstream === undefined;
}

/**
 * Which deadline of the job has passed at `timeMs` (epoch milliseconds), if one has. Those of a job:
 *
 * | deadline         | holds                                                       | counted from                    |
 * |------------------|-------------------------------------------------------------|---------------------------------|
 * | max_wait_seconds | until its first call starts                                 | accept, `run_at`, or its retry  |
 * | timeout_seconds  | in every state, also while it runs or waits for a person    | the same                        |
 *
 * A job whose deadline has passed is `expired`, whoever sees it first: the worker that runs it, the one that takes its ticket,
 * or the sweeper. The deadlines of a single call fail that attempt: `call-upstream.ts` and the adapters.
 */
export function passedDeadline(job: Dated, timeMs: number): Deadline | undefined {
  const mustStart = isUntried(job) && job.interruptions === 0 && job.startByMs <= job.deadlineMs;
  if (mustStart) return timeMs >= job.startByMs ? 'max_wait_seconds' : undefined;
  return timeMs >= job.deadlineMs ? 'timeout_seconds' : undefined;
}

/** What a job ends with whose deadline has passed; `why` is what kept it, where that is known. */
export function expiry(job: Expiring, deadline: Deadline, why = ''): JobEnding {
  return { state: 'expired', error: expired(job, deadline, why).toJSON() };
}

/** The reason of a call that is cut because its job's time is over. */
export function expired(job: Expiring, deadline: Deadline, why = ''): SluiceError {
  const endMs = deadline === 'timeout_seconds' ? job.deadlineMs : job.startByMs;
  const seconds = (endMs - countedFromMs(job)) / 1_000;
  const missed = deadline === 'timeout_seconds' ? 'was not done' : 'could not start';
  const message = `the job ${missed} within ${seconds} s (${deadline})${why && `: ${why}`}`;
  return new SluiceError('expired', message, { param: deadline });
}
