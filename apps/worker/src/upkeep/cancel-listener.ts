import { cancelChannel } from '@sluice/contracts';
import type { LaneWorker } from '@sluice/queue';
import type { Clock, Redis } from '@sluice/runtime';

/** How often each run is looked at: one that ends sooner costs nothing. */
const lookEveryMs = 5_000;

export interface CancelListenerDeps {
  laneWorkers: ReadonlyMap<string, readonly LaneWorker[]>;
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Aborts the calls of jobs that were cancelled: the record has ended already, this only saves the money. Messages are job
 * ids. One may be lost, when whoever cancelled died before it or the connection was away: what runs here is looked at every
 * five seconds, and the call goes on for so long.
 */
export async function listenForCancels(
  subscriber: Redis,
  root: string,
  { laneWorkers, clock, signal }: CancelListenerDeps,
): Promise<void> {
  const workers = () => [...laneWorkers.values()].flat();
  subscriber.on('message', (_channel: string, jobId: string) => {
    for (const worker of workers()) worker.cancel(jobId);
  });
  await subscriber.subscribe(cancelChannel(root));
  // Ends with the signal and never rejects: what cannot be read is looked at the next time.
  void lookAtRuns(workers, clock, signal);
}

async function lookAtRuns(
  workers: () => LaneWorker[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(lookEveryMs, signal);
    if (signal.aborted) return;
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(workers().map((worker) => worker.checkHolds()));
  }
}
