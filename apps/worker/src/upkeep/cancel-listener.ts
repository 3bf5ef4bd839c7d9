import { cancelChannel, SluiceError } from '@sluice/contracts';
import type { LaneWorker } from '@sluice/queue';
import type { Redis } from '@sluice/runtime';

/**
 * Aborts the calls of jobs that were cancelled: the record has ended already, this only saves the money. Messages are job
 * ids. One that is missed costs a call whose result is thrown away, nothing else.
 */
export async function listenForCancels(
  subscriber: Redis,
  root: string,
  laneWorkers: ReadonlyMap<string, readonly LaneWorker[]>,
): Promise<void> {
  subscriber.on('message', (_channel: string, jobId: string) => {
    const reason = new SluiceError('cancelled', 'the job was cancelled');
    for (const workers of laneWorkers.values()) {
      for (const worker of workers) worker.cancel(jobId, reason);
    }
  });
  await subscriber.subscribe(cancelChannel(root));
}
