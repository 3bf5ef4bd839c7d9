import { Worker, type Job } from 'bullmq';

/**
 * BullMQ's worker, whose book of locks to renew knows tickets, not runs. A ticket that goes back can be taken by another slot of
 * the same worker before the run that put it back is over for BullMQ. The end of that run took the ticket out of the book: the
 * lock of the next run was not renewed, the ticket came to others as stalled, and the lane ran more calls than it may.
 *
 * | the ticket's runs here                        | renewed is the lock of |
 * |-----------------------------------------------|------------------------|
 * | one                                           | it                     |
 * | one ends, a later one goes on                 | the later one          |
 * | the later one ends, an earlier one has no lock| none                   |
 */
export class TicketWorker extends Worker {
  /** Id of a ticket → token of the lock of its latest run, until that is over. */
  readonly #latest = new Map<string, string>();

  protected override createLockManager(): void {
    super.createLockManager();
    const { lockManager } = this;
    const untrack = lockManager.untrackJob.bind(lockManager);
    lockManager.untrackJob = (id) => {
      if (!this.#latest.has(id)) untrack(id);
    };
  }

  protected override async callProcessJob(
    job: Job,
    token: string,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const id = job.id ?? '';
    this.#latest.set(id, token);
    try {
      return await super.callProcessJob(job, token, signal);
    } finally {
      if (this.#latest.get(id) === token) this.#latest.delete(id);
    }
  }
}
