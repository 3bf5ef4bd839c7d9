import type { FileStore } from '@sluice/batches';
import { hurryTicket, scheduledLane, type Lanes } from '@sluice/queue';
import { nextCheckAt, shardOf, type DueJob, type Records } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';
import { eventIdOf } from '@sluice/webhooks';

import { ticketOf } from '../batch/ticket-of.ts';
import { expiry, passedDeadline } from '../begin/deadline.ts';

export interface SweepDeps {
  files: FileStore;
  records: Records;
  lanes: Lanes;
  clock: Clock;
  log: Logger;
}

const jobsAtOnce = 500;
const filesAtOnce = 100;

/**
 * Repairs what a crash left behind. Every live job is looked at now and then, the older the rarer:
 *
 * | found                                  | done                                                            |
 * |----------------------------------------|-----------------------------------------------------------------|
 * | queued or paused, a deadline passed    | ended as `expired`; a run that goes on upstream is stopped      |
 * | in progress, its deadline long passed  | the same: its worker should have ended it                       |
 * | no ticket (or one that BullMQ gave up) | a new ticket: a crash came between record and ticket            |
 * | a ticket                               | nothing; looked at again later                                  |
 *
 * It also takes ended jobs whose retention is over out of their tenants' lists, and removes files that have expired.
 */
export async function sweep(shard: number, deps: SweepDeps): Promise<void> {
  for (;;) {
    const due = await deps.records.due(shard, jobsAtOnce);
    for (const job of due) await repair(job, deps);
    if (due.length < jobsAtOnce) break;
  }
  while ((await deps.records.trimIndexes(shard, jobsAtOnce)) === jobsAtOnce);
  while ((await deps.files.sweep(shard, filesAtOnce)) === filesAtOnce);
}

/** A worker ends the job that it runs when its time is over; one that has not for so long does not any more. */
const overdueMs = 30_000;

async function repair(job: DueJob, deps: SweepDeps): Promise<void> {
  if (await expire(job, deps)) return;
  const { jobId } = job;
  const nowMs = deps.clock.now();
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

/**
 * Ends a job whose deadline has passed; `false` for any other. A batch that was fed ends with the last of its children, which
 * have its deadlines.
 */
async function expire(job: DueJob, deps: SweepDeps): Promise<boolean> {
  const { jobId, state } = job;
  const runs = state === 'in_progress';
  const passed = passedDeadline(job, deps.clock.now() - (runs ? overdueMs : 0));
  if (!passed || (runs && job.type === 'batch')) return false;
  // Only from the state that it was found in: a job that has been started meanwhile is its worker's.
  const options = {
    onlyFrom: [state],
    ...(passed === 'max_wait_seconds' && { unlessStarted: true }),
  };
  const finished = await deps.records.finish(jobId, expiry(job, passed), eventIdOf(jobId), options);
  if (finished.kind === 'finished') await clearTicket(job, deps);
  return finished.kind !== 'refused';
}

/** The ticket is of no use any more but to stop what goes on upstream: whoever takes it does that. */
async function clearTicket(job: DueJob, { lanes, clock }: SweepDeps): Promise<void> {
  const placed = ticketOf(job);
  if (job.upstream) {
    const shard = shardOf(job.jobId) ?? 0;
    await hurryTicket(lanes, placed, { shard, clock, patienceMs: 0 });
    return;
  }
  await lanes.remove(placed.lane, placed.ticket);
  if (job.runAtMs !== undefined) await lanes.remove(scheduledLane, placed.ticket);
}
