import type { HeldTicket, JobRecord, Outcome } from '@sluice/contracts';
import type { BeginReply } from '@sluice/records';

import type { RunJobDeps } from '../run-job-deps.ts';

export type Begun = Exclude<BeginReply, { kind: 'held' }> | { kind: 'held'; outcome: Outcome };

type BeginRunDeps = Pick<
  RunJobDeps,
  'clock' | 'lane' | 'lanes' | 'records' | 'runs' | 'workerLife'
>;

/** When the ticket of a job that another run has looks again. */
const lookAgainMs = 1_000;

/** A run that takes this much longer than its call may has been lost by a worker that lives. */
const lostAfterMs = 60_000;

const stillHeld = { kind: 'held', outcome: { kind: 'held', delayMs: lookAgainMs } } as const;

/**
 * Starts the run. A job that another run has is taken over only when that run's worker is dead: after an outage longer than a
 * lock, tickets come to new workers although the calls of the old ones go on, and would be bought twice.
 */
export async function beginRun(ticket: HeldTicket, deps: BeginRunDeps): Promise<Begun> {
  const begun = await beginOrTakeOver(ticket, deps);
  if (begun.kind === 'run') deps.runs.set(ticket.run, 'begun');
  return begun;
}

async function beginOrTakeOver(ticket: HeldTicket, deps: BeginRunDeps): Promise<Begun> {
  const { jobId, attempt, retry = 0, run } = ticket;
  const started = deps.lanes.advance(deps.lane, jobId);
  const options = { targetIndex: attempt - 1, retry, run, started };
  const begun = await deps.records.begin(jobId, options);
  if (begun.kind !== 'held') return begun;
  const takeOver = begun.record.run ?? '';
  if (await goesOn(begun.record, ticket, deps)) return stillHeld;
  const taken = await deps.records.begin(jobId, { ...options, takeOver });
  return taken.kind === 'held' ? stillHeld : taken;
}

/**
 * Whether the run that has the job may still end it. Of its own runs a process knows. One that Redis has forgotten the end of
 * (it was killed before that was on the disk) is over for its worker and under way for the record: the ticket comes by there.
 */
async function goesOn(
  { run = '', attemptTimeoutMs }: JobRecord,
  ticket: HeldTicket,
  { clock, runs, workerLife }: BeginRunDeps,
): Promise<boolean> {
  const [workerId = '', beganAtMs = ''] = run.split('.');
  if (ticket.run.startsWith(`${workerId}.`)) return runs.has(run);
  if (clock.now() > Number(beganAtMs) + attemptTimeoutMs + lostAfterMs) return false;
  return await workerLife.isAlive(workerId);
}
