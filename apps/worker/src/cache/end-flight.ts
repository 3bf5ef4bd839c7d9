import { flightLeaseMs, type CacheEntry, type Follower } from '@sluice/cache';
import {
  isTerminal,
  type ErrorData,
  type HeldTicket,
  type LedFlight,
  type Outcome,
} from '@sluice/contracts';
import { cachedEnding } from '@sluice/metering';
import { hurryTicket } from '@sluice/queue';
import { shardOf } from '@sluice/records';
import { eventIdOf } from '@sluice/webhooks';

import { ticketOf } from '../batch/ticket-of.ts';
import { AnswerStream } from '../call/answer-stream.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { isForAll, isMorePatient } from './shared-failure.ts';
import { entryOf, writeCache, type Keeping } from './write-cache.ts';

/** Jobs that are ended at a time: enough to fill the pipe, too few to hold up this worker. */
const endedAtOnce = 50;

/** How long a ticket is waited for that its worker is just putting down. */
const hurryPatienceMs = 500;

export type EndFlightDeps = Pick<
  RunJobDeps,
  'cache' | 'clock' | 'flights' | 'lanes' | 'log' | 'metrics' | 'near' | 'records'
>;

type Ended = Extract<Outcome, { kind: 'ended' }>;

/** What all jobs of a flight get. */
type Shared = { reply: CacheEntry } | { error: ErrorData };

/**
 * Keeps the reply of a completed leader and lands its flight, in one step. Called when the end of its own record is on its way:
 * that comes first. Resolves when the reply is kept; the jobs that wait are ended behind it.
 */
export async function landFlight(
  jobId: string,
  { outcome, flight, as }: { outcome: Ended; flight: LedFlight; as: Keeping },
  deps: EndFlightDeps,
): Promise<void> {
  const { ending } = outcome;
  await writeCache(as, ending, deps, async (bought) => {
    const { followers, kept } = await deps.flights.land(flight, jobId, bought);
    const shared = { reply: bought.entry };
    endAll(followers, { shared, flight }, deps).catch(notEnded(jobId, deps));
    return kept;
  });
}

/**
 * After the leader's run, when its own record was moved; not awaited:
 *
 * | the leader                                                     | the jobs that wait for it                       |
 * |----------------------------------------------------------------|-------------------------------------------------|
 * | completed                                                      | are completed with its result; it alone has paid |
 * | failed, as any of them would: the upstream's word, after all   | fail with its error: an outage is not multiplied |
 * |   retries and targets; or it was quarantined                   |                                                 |
 * | … because its own time-out was shorter than theirs             | go on, one of them leads                        |
 * | ended otherwise: cancelled, expired, without a budget          | go on, one of them leads                        |
 * | waits, retries, falls back, is paused or given back            | wait on                                         |
 */
export function endFlight(ticket: HeldTicket, outcome: Outcome, deps: EndFlightDeps): void {
  const { flight } = outcome;
  if (!flight) return;
  moveFlight(ticket.jobId, { outcome, flight }, deps).catch(notEnded(ticket.jobId, deps));
}

/** Whoever waits looks again within seconds. */
function notEnded(jobId: string, { log }: Pick<EndFlightDeps, 'log'>) {
  return (error: unknown) => log.warn({ err: error, jobId }, 'a flight was not ended');
}

async function moveFlight(
  jobId: string,
  { outcome, flight }: { outcome: Outcome; flight: LedFlight },
  deps: EndFlightDeps,
): Promise<void> {
  const shared = sharedBy(outcome);
  if (shared && 'error' in shared) {
    // Who is just looking is not ended: it stays noted, and finds its leader's failure by that.
    const followers = await deps.flights.leave(flight, jobId);
    await deps.flights.forget(flight, await endAll(followers, { shared, flight }, deps));
    return;
  }
  if (shared) {
    const { followers } = await deps.flights.land(flight, jobId);
    await endAll(followers, { shared, flight }, deps);
    return;
  }
  if (outcome.kind === 'ended' || outcome.kind === 'nothing') {
    await hurryOne(await deps.flights.leave(flight, jobId), deps);
    return;
  }
  const waitMs =
    'delayMs' in outcome ? outcome.delayMs : outcome.kind === 'wait' ? outcome.waitMs : 0;
  await deps.flights.renew(flight, jobId, waitMs + flightLeaseMs);
}

function sharedBy(outcome: Outcome): Shared | undefined {
  if (outcome.kind !== 'ended') return undefined;
  const { ending } = outcome;
  if (ending.state === 'completed') {
    return ending.result.type === 'batch' ? undefined : { reply: entryOf(ending, ending.result) };
  }
  if (ending.state !== 'failed') return undefined;
  const { error } = ending;
  return isForAll(error) ? { error } : undefined;
}

/** The ids of those that have ended. */
async function endAll(
  followers: readonly Follower[],
  by: { shared: Shared; flight: LedFlight },
  deps: EndFlightDeps,
): Promise<string[]> {
  const ended: string[] = [];
  for (let start = 0; start < followers.length; start += endedAtOnce) {
    const chunk = followers.slice(start, start + endedAtOnce);
    const endings = await Promise.all(chunk.map((follower) => endOne(follower, by, deps)));
    ended.push(...chunk.filter((_, i) => endings[i]).map(({ jobId }) => jobId));
  }
  return ended;
}

/** `false`: it is not over. */
async function endOne(
  follower: Follower,
  { shared, flight }: { shared: Shared; flight: LedFlight },
  deps: EndFlightDeps,
): Promise<boolean> {
  const { records, lanes, clock, metrics } = deps;
  const job = await records.readSummary(follower.jobId);
  if (!job || isTerminal(job.state)) return true;
  const eventId = eventIdOf(job.jobId);
  if ('error' in shared) {
    if (isMorePatient(job, shared.error, flight.timeoutMs)) {
      await hurry(follower, deps);
      return false;
    }
    const ending = { state: 'failed', error: shared.error } as const;
    const failed = await records.finish(job.jobId, ending, eventId, { onlyFrom: ['queued'] });
    if (failed.kind !== 'finished') return false;
    metrics.jobs.inc({ type: job.type, state: 'failed' });
  } else {
    const { reply } = shared;
    new AnswerStream(job, deps).finish(reply.result);
    const cache = { status: 'hit', age_seconds: 0, strategy: 'exact' } as const;
    const from = { nowMs: clock.now(), cache };
    const ending = cachedEnding(job, { name: flight.name, reply }, from);
    const finished = await records.finish(job.jobId, ending, eventId);
    if (finished.kind === 'finished') metrics.jobs.inc({ type: job.type, state: 'completed' });
    metrics.cacheReads.inc({ outcome: 'shared' });
  }
  // One that its worker is just putting down stays, and finds its job ended when it looks.
  await lanes.remove(follower.lane, follower);
  return true;
}

/** The first of them that still waits. */
async function hurryOne(followers: readonly Follower[], deps: EndFlightDeps): Promise<void> {
  for (const follower of followers) {
    if (await hurry(follower, deps)) return;
  }
}

async function hurry(follower: Follower, deps: EndFlightDeps): Promise<boolean> {
  const job = await deps.records.readSummary(follower.jobId);
  if (!job || job.state !== 'queued') return false;
  const shard = shardOf(job.jobId) ?? 0;
  const options = { shard, clock: deps.clock, patienceMs: hurryPatienceMs };
  await hurryTicket(deps.lanes, ticketOf(job), options);
  return true;
}
