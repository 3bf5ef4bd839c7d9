import type { JobRecord, Outcome } from '@sluice/contracts';
import type { Clock } from '@sluice/runtime';

/** A job whose workers died this often may be what kills them. */
const suspectAfter = 2;

const waitMs = 1_000;

/**
 * Of the jobs whose workers died more than once, each worker runs one at a time: the next death then speaks against that one
 * alone, and a job that kills its workers takes no other suspect with it into quarantine.
 *
 * | interruptions | the job                                                      |
 * |---------------|--------------------------------------------------------------|
 * | 0 or 1        | runs beside others                                           |
 * | 2 to 4        | runs where no other suspect does; else its ticket waits 1 s  |
 * | 5             | is not run: quarantined (refuse-job.ts)                      |
 */
export class Suspects {
  readonly #clock: Clock;
  #running: { jobId: string; run: string | undefined } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets the job run until {@link leave}, or says how long it waits for the suspect that runs now. */
  admit({ jobId, run, interruptions }: JobRecord): Outcome | undefined {
    if (interruptions < suspectAfter) return undefined;
    if (this.#running === undefined || this.#running.jobId === jobId) {
      this.#running = { jobId, run };
      return undefined;
    }
    const resetsAt = new Date(this.#clock.now() + waitMs).toISOString();
    const waitingOn = {
      limit: 'one suspect at a time',
      scope: 'job',
      resets_at: resetsAt,
    } as const;
    return { kind: 'wait', scope: 'tenant', waitMs, waitingOn };
  }

  /** By its run: another one may have taken the ticket of a job that goes on, and left it alone. */
  leave(run: string): void {
    if (this.#running?.run === run) this.#running = undefined;
  }
}
