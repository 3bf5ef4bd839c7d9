import { cancelChannel } from '@sluice/contracts';
import type { LaneWorker } from '@sluice/queue';
import type { Logger, Redis } from '@sluice/runtime';

/**
 * Aborts the calls of jobs that were cancelled: the record has ended already, this only saves the money. Messages are job
 * ids. What was said while the connection was away is not heard: when it is back, every job that runs here is looked at.
 */
export async function listenForCancels(
  subscriber: Redis,
  root: string,
  { laneWorkers, log }: { laneWorkers: ReadonlyMap<string, readonly LaneWorker[]>; log: Logger },
): Promise<void> {
  const workers = () => [...laneWorkers.values()].flat();
  subscriber.on('message', (_channel: string, jobId: string) => {
    for (const worker of workers()) worker.cancel(jobId);
  });
  const channel = cancelChannel(root);
  await subscriber.subscribe(channel);
  // Looked at only when Redis has acknowledged the subscription: what is cancelled after that is heard.
  const onReady = async () => {
    await subscriber.subscribe(channel);
    await Promise.all(workers().map((worker) => worker.checkHolds()));
  };
  subscriber.on('ready', () => {
    onReady().catch((error: unknown) => log.debug({ err: error }, 'cancels may be missed'));
  });
}
