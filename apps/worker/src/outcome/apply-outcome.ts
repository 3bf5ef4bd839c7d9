import type { HeldTicket, JobEnding, LedgerEntry, Outcome } from '@sluice/contracts';
import type { TicketMove } from '@sluice/queue';
import type { CutRun, RequeueOptions } from '@sluice/records';
import { eventIdOf } from '@sluice/webhooks';

import type { RunJobDeps } from '../run-job-deps.ts';
import { endFlight, landFlight } from '../cache/end-flight.ts';
import { writeCache } from '../cache/write-cache.ts';

export type ApplyOutcomeDeps = Pick<
  RunJobDeps,
  'cache' | 'clock' | 'flights' | 'lanes' | 'log' | 'metrics' | 'near' | 'records'
>;

/**
 * The one place where an outcome becomes moves: first the record, then what it returns for the ticket. Dying between the
 * two is safe: the ticket runs again, and `begin` reads from the record what is left to do.
 */
export async function applyOutcome(
  ticket: HeldTicket,
  outcome: Outcome,
  deps: ApplyOutcomeDeps,
): Promise<TicketMove> {
  const move = await moveJob(ticket, outcome, deps);
  if (!isKept(outcome)) endFlight(ticket, outcome, deps);
  return move;
}

/** A reply that is kept lands its flight on the way. */
function isKept(outcome: Outcome): boolean {
  return outcome.kind === 'ended' && outcome.keepAs !== undefined;
}

async function moveJob(
  ticket: HeldTicket,
  outcome: Outcome,
  deps: ApplyOutcomeDeps,
): Promise<TicketMove> {
  const { jobId, run } = ticket;
  switch (outcome.kind) {
    case 'nothing':
      await bookLate(jobId, outcome.entry, deps, outcome.cut && { run, ...outcome.cut });
      return { kind: 'done' };
    case 'ended':
      return await endJob(ticket, outcome, deps);
    case 'wait': {
      const { waitingOn, entry } = outcome;
      const live = await requeue(jobId, { run, waitingOn, entry }, deps);
      if (!live) return { kind: 'done' };
      return outcome.scope === 'lane'
        ? { kind: 'pause_lane', waitMs: outcome.waitMs }
        : { kind: 'delay', delayMs: outcome.waitMs };
    }
    case 'retry': {
      const { waitingOn, attempt, entry } = outcome;
      const live = await requeue(jobId, { run, waitingOn, attempt, entry }, deps);
      return live ? { kind: 'delay', delayMs: outcome.delayMs } : { kind: 'done' };
    }
    case 'fallback':
      return await fallBack(ticket, outcome, deps);
    case 'pause': {
      const live = await deps.records.pause(jobId, outcome.isNew, run);
      return live ? { kind: 'delay', delayMs: outcome.delayMs } : { kind: 'done' };
    }
    case 'give_back': {
      const live = await requeue(jobId, { run, entry: outcome.entry }, deps);
      return live ? { kind: 'give_back' } : { kind: 'done' };
    }
    case 'held':
      return { kind: 'delay', delayMs: outcome.delayMs };
  }
}

/** Gives the job back; `false` if it is over. A call of a job that is over is in the ledger all the same. */
async function requeue(
  jobId: string,
  options: RequeueOptions,
  deps: ApplyOutcomeDeps,
): Promise<boolean> {
  const isLive = await deps.records.requeue(jobId, options);
  if (!isLive) await bookLate(jobId, options.entry, deps);
  return isLive;
}

/** The job has moved on without this run, which costs what it costs. */
async function bookLate(
  jobId: string,
  entry: LedgerEntry | undefined,
  { records }: ApplyOutcomeDeps,
  cut?: CutRun,
): Promise<void> {
  if (entry) await records.bookCall(jobId, entry, cut);
}

/** The result is in the record before anything else can happen to it; only then may others find it in the cache. */
async function endJob(
  ticket: HeldTicket,
  outcome: Extract<Outcome, { kind: 'ended' }>,
  deps: ApplyOutcomeDeps,
): Promise<TicketMove> {
  const { ending } = outcome;
  const { jobId, run } = ticket;
  const finishing = deps.records.finish(jobId, ending, eventIdOf(jobId), { run });
  const keeping = keepReply(jobId, outcome, deps);
  const finished = await finishing;
  // Others who wait for this call must find its reply when they are told that it is over.
  await keeping;
  if (finished.kind === 'finished') {
    deps.metrics.jobs.inc({ type: ticket.type, state: ending.state });
  } else {
    await bookLate(jobId, ending.entry, deps, cutOf(run, ending));
  }
  // The code alone: an upstream's message may quote the prompt, and the ticket is kept where the board shows it.
  return ending.state === 'failed'
    ? { kind: 'failed', reason: ending.error.code }
    : { kind: 'done' };
}

async function keepReply(
  jobId: string,
  outcome: Extract<Outcome, { kind: 'ended' }>,
  deps: ApplyOutcomeDeps,
): Promise<void> {
  const { ending, flight, keepAs, askedAs: asked } = outcome;
  const as = keepAs && { ...keepAs, asked };
  if (as && flight) await landFlight(jobId, { outcome, flight, as }, deps);
  else if (as) await writeCache(as, ending, deps);
}

/** What the job was spared nothing of by being ended from outside just before: it is paid for all the same. */
function cutOf(run: string, { attempt, usage, costUsd }: JobEnding): CutRun | undefined {
  if (!attempt) return undefined;
  return { run, attempt, ...(usage && { usage }), ...(costUsd !== undefined && { costUsd }) };
}

/** The record names the next target and the ticket for it is placed, in one step. */
async function fallBack(
  ticket: HeldTicket,
  outcome: Extract<Outcome, { kind: 'fallback' }>,
  deps: ApplyOutcomeDeps,
): Promise<TicketMove> {
  const { targetIndex, lane, attempt, entry, moves, routing, claim } = outcome;
  const { run, ...rest } = ticket;
  const placed = { ticket: { ...rest, attempt: targetIndex + 1 }, lane, ...claim };
  const next = { targetIndex, lane, moves, ticket: deps.lanes.placement(placed) };
  await requeue(
    ticket.jobId,
    { run, ...(attempt && { attempt }), entry, ...next, ...(routing && { routing }) },
    deps,
  );
  return { kind: 'done' };
}
