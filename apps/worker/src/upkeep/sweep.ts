import type { Lanes } from '@sluice/queue';
import { nextCheckAt, type DueJob, type Records } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';
import { eventIdOf } from '@sluice/webhooks';

import { ticketOf } from '../batch/feed-batch.ts';
import { expiry, isUntried } from '../begin/refuse-job.ts';

export interface SweepDeps {
  records: Records;
  lanes: Lanes;
  clock: Clock;
  log: Logger;
}

const jobsAtOnce = 500;

/**
 * Repairs what a crash left behind. Every live job is looked at now and then, the older the rarer:
 *
 * | found                                  | done                                                            |
 * |----------------------------------------|-----------------------------------------------------------------|
 * | queued, its time to start has passed   | ended as `expired`                                              |
 * | no ticket (or one that BullMQ gave up) | a new ticket: a crash came between record and ticket            |
 * | a ticket                               | nothing; looked at again later                                  |
 *
 * It also takes ended jobs whose retention is over out of their tenants' lists.
 */
export async function sweep(shard: number, deps: SweepDeps): Promise<void> {
  for (;;) {
    const due = await deps.records.due(shard, jobsAtOnce);
    for (const job of due) await repair(job, deps);
    if (due.length < jobsAtOnce) break;
  }
  while ((await deps.records.trimIndexes(shard, jobsAtOnce)) === jobsAtOnce);
}

async function repair(job: DueJob, deps: SweepDeps): Promise<void> {
  const { jobId } = job;
  const nowMs = deps.clock.now();
  const untried = isUntried(job) && job.interruptions === 0;
  if (job.state === 'queued' && untried && nowMs >= job.startByMs) {
    const options = { onlyFrom: ['queued'], unlessStarted: true } as const;
    await deps.records.finish(jobId, expiry(job), eventIdOf(jobId), options);
    return;
  }
  const placed = ticketOf(job);
  const lane = deps.lanes.laneOf(placed, nowMs);
  const state = await deps.lanes.ticketState(lane, placed.ticket);
  if (state !== 'live') {
    deps.log.warn({ jobId, lane }, 'a job had no ticket; adding one');
    if (state === 'failed') await deps.lanes.remove(lane, placed.ticket);
    await deps.lanes.add(placed);
  }
  await deps.records.postpone(jobId, nextCheckAt(job, nowMs));
}
