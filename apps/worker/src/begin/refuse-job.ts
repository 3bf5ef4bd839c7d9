import { SluiceError, type JobRecord, type Outcome } from '@sluice/contracts';

import { expiry, passedDeadline } from './deadline.ts';

/** A job that left this many dead workers behind is taken out of the way: it may be what kills them. */
const maxInterruptions = 5;

/** Ends a job that must not be called any more: a deadline of it has passed, or it keeps killing workers. */
export function refuseJob(record: JobRecord, nowMs: number): Outcome | undefined {
  if (record.interruptions >= maxInterruptions) {
    return failed(
      new SluiceError(
        'quarantined',
        `${record.interruptions} workers died while they ran this job; it is not tried again`,
      ),
    );
  }
  const passed = passedDeadline(record, nowMs);
  return passed && { kind: 'ended', ending: expiry(record, passed) };
}

function failed(error: SluiceError): Outcome {
  return { kind: 'ended', ending: { state: 'failed', error: error.toJSON() } };
}
