import type { Clock } from '@sluice/runtime';
import type { Job } from 'bullmq';

import type { Lanes } from './lanes.ts';
import type { PlacedTicket } from './place-ticket.ts';
import { ticketId } from './ticket-id.ts';

const pauseMs = 20;

/**
 * Lets the ticket of a job run now: one that is delayed no longer waits, one that is gone is added again. One that is just
 * being put down by its worker is waited for, `patienceMs` at most: after that it runs when its delay is over.
 */
export async function hurryTicket(
  lanes: Lanes,
  placed: PlacedTicket,
  options: { shard: number; clock: Clock; patienceMs: number },
): Promise<void> {
  const { lane, ticket } = placed;
  const queue = lanes.queue(lane, options.shard);
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const job = await queue.getJob(ticketId(ticket));
    if (!job) return await lanes.add(placed);
    const state = await job.getState();
    if (state === 'delayed') {
      if (await promote(job)) return await lanes.wake(lane, options.shard, 0);
      continue;
    }
    if (state !== 'active' || waitedMs >= options.patienceMs) return;
    await options.clock.sleep(pauseMs);
  }
}

/** `false` where somebody else has moved it meanwhile: its delay was over, or it was promoted by another. */
async function promote(job: Job): Promise<boolean> {
  try {
    await job.promote();
    return true;
  } catch (error) {
    if ((await job.getState()) === 'delayed') throw error;
    return false;
  }
}
