import type { HeldTicket, Outcome } from '@sluice/contracts';
import { batchLane, scheduledLane, type TicketMove } from '@sluice/queue';

import { applyOutcome, type ApplyOutcomeDeps } from './outcome/apply-outcome.ts';
import { feedBatch, type FeedBatchDeps } from './batch/feed-batch.ts';
import type { RunJobDeps } from './run-job-deps.ts';
import { releaseScheduled } from './batch/release-scheduled.ts';
import { runJob } from './run-job.ts';

export type ProcessTicketDeps = RunJobDeps & ApplyOutcomeDeps & FeedBatchDeps;

/** Pause after a defect of our own; the record counts the run as interrupted, so it cannot go on for ever. */
const defectPauseMs = 5_000;

/** One ticket: run the job, then move record and ticket. A defect of ours delays the ticket and is logged, never lost. */
export async function processTicket(
  ticket: HeldTicket,
  deps: ProcessTicketDeps,
  signal: AbortSignal,
): Promise<TicketMove> {
  deps.runs.set(ticket.run, 'taken');
  try {
    const outcome = await processFor(deps.lane)(ticket, deps, signal);
    return await applyOutcome(ticket, outcome, deps);
  } catch (error) {
    deps.log.error({ err: error, jobId: ticket.jobId }, 'a run failed inside Sluice');
    await deps.records.drop(ticket.jobId, ticket.run);
    return { kind: 'delay', delayMs: defectPauseMs };
  } finally {
    deps.runs.delete(ticket.run);
    deps.suspects.leave(ticket.run);
  }
}

type Process = (
  ticket: HeldTicket,
  deps: ProcessTicketDeps,
  signal: AbortSignal,
) => Promise<Outcome>;

function processFor(lane: string): Process {
  if (lane === scheduledLane) return releaseScheduled;
  return lane === batchLane ? feedBatch : runJob;
}
