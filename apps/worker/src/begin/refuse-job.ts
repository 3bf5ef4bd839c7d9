import { SluiceError, type JobEnding, type JobRecord, type Outcome } from '@sluice/contracts';

/** A job that left this many dead workers behind is taken out of the way: it may be what kills them. */
const maxInterruptions = 5;

/** Ends a job that must not be called any more: its time to start has passed, or it keeps killing workers. */
export function refuseJob(record: JobRecord, nowMs: number): Outcome | undefined {
  if (record.interruptions >= maxInterruptions) {
    return failed(
      new SluiceError(
        'quarantined',
        `${record.interruptions} workers died while they ran this job; it is not tried again`,
      ),
    );
  }
  if (isUntried(record) && record.interruptions === 0 && nowMs > record.startByMs) {
    return expired(record);
  }
  return undefined;
}

/**
 * No call for the job's result has been answered, and none may be under way: it can end as if it had never been tried. A
 * classifier may have been asked.
 */
export function isUntried({
  attempts,
  upstream,
}: Pick<JobRecord, 'attempts' | 'upstream'>): boolean {
  return attempts.every(({ purpose }) => purpose === 'classify') && upstream === undefined;
}

/** The job waited longer than it was allowed to; nothing was spent. */
export function expired(record: JobRecord): Outcome {
  return { kind: 'ended', ending: expiry(record) };
}

/** The ending of a job that could not start in time. */
export function expiry(
  record: Pick<JobRecord, 'createdAtMs' | 'runAtMs' | 'startByMs'>,
): JobEnding {
  const seconds = Math.round((record.startByMs - (record.runAtMs ?? record.createdAtMs)) / 1000);
  const error = new SluiceError(
    'expired',
    `the job could not start within ${seconds} s (max_wait_seconds)`,
  );
  return { state: 'expired', error: error.toJSON() };
}

function failed(error: SluiceError): Outcome {
  return { kind: 'ended', ending: { state: 'failed', error: error.toJSON() } };
}
