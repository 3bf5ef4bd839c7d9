import { flightLeaseMs, type CachePlace, type Flight } from '@sluice/cache';
import { isTerminal, type JobRecord, type Outcome, type RunResult } from '@sluice/contracts';
import type { JobSummary } from '@sluice/records';

import type { Plan } from '../begin/plan-job.ts';
import { flightFor, sharesFlight } from './flight-for.ts';
import { answeredBy, judge, type Asked } from './read-cached-result.ts';
import { isForAll, isMorePatient, sharedTimeoutMs } from './shared-failure.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** A ticket that waits for another job looks again after this time at the latest. */
const lookAgainMs = 15_000;

/** A lease is renewed well before it ends: three renewals may be late. */
const renewEveryMs = flightLeaseMs / 4;

/**
 * Before a call: leads it for all equal jobs that come while it is under way, or waits for the one that does. Whoever waits
 * holds neither a worker's slot nor a permit.
 */
export async function joinFlight(plan: Plan, deps: RunJobDeps): Promise<Asked> {
  if (!sharesFlight(plan)) return { plan };
  const { record, cached } = plan;
  const flight = flightFor(plan);
  const joined = await deps.flights.join(flight, {
    follower: followerOf(plan),
    place: cached.place,
  });
  const isLed = joined.kind === 'lead';
  const joining = { ...plan, cached: { ...cached, ...(isLed && { flight }) } };
  const asked = judge(joining, joined.lookup, deps);
  if (isLed) {
    const outcome = asked.outcome ?? (await failedAs(joined.before, plan, deps));
    return outcome ? { outcome: { ...outcome, flight: ledBy(plan, flight) } } : asked;
  }
  // A run that is under way upstream goes on: it would be bought twice.
  if (asked.outcome || record.upstream) return asked;
  return await follow(asked.plan, { ...joined, flight, place: cached.place }, deps);
}

function followerOf({ record, target }: Plan) {
  const { jobId, targetIndex, retries } = record;
  const retry = retries > 0 ? { retry: retries } : {};
  return { jobId, lane: target.lane, attempt: targetIndex + 1, ...retry };
}

/** The flight that another job leads. */
interface Following {
  flight: Flight;
  leader: string;
  leaseMs: number;
  place: CachePlace;
}

/**
 * The failure of the leader that this job had waited for, where it was just looking when that one failed: one call has found
 * it out for all of them.
 */
async function failedAs(
  leader: string | undefined,
  { record }: Plan,
  { records }: RunJobDeps,
): Promise<Outcome | undefined> {
  const found = leader === undefined ? undefined : await records.readSummary(leader);
  return found && failureOf(found, record);
}

function failureOf(leader: JobSummary, follower: JobRecord): Outcome | undefined {
  const { state, error } = leader;
  if (state !== 'failed' || !error || !isForAll(error)) return undefined;
  if (isMorePatient(follower, error, sharedTimeoutMs(leader))) return undefined;
  return { kind: 'ended', ending: { state, error } };
}

/** Waits for the leader, unless it has ended: then its result or its failure is here, or this job leads. */
async function follow(
  plan: Plan,
  { leader, leaseMs, flight, place }: Following,
  deps: RunJobDeps,
): Promise<Asked> {
  const found = await deps.records.readSummary(leader);
  if (!found || isTerminal(found.state)) {
    const whole = found?.state === 'completed' ? await deps.records.read(leader) : undefined;
    const bought = whole && boughtBy(whole);
    if (bought) return { outcome: answeredBy(plan, bought, deps) };
    const failure = found && failureOf(found, plan.record);
    if (failure) return { outcome: failure };
    const joining = { follower: followerOf(plan), place, endedLeader: leader };
    const again = await deps.flights.join(flight, joining);
    if (again.kind === 'lead' && plan.cached) {
      return { plan: { ...plan, cached: { ...plan.cached, flight } } };
    }
  }
  return { outcome: waitFor(plan, leaseMs, deps) };
}

function boughtBy({ result, usage, costUsd, attempts }: JobRecord) {
  if (!result || result.type === 'batch') return undefined;
  const entry = {
    result: result satisfies RunResult,
    ...(usage && { usage }),
    costUsd: costUsd ?? 'unknown',
    provider: attempts.at(-1)?.provider ?? '',
    model: attempts.at(-1)?.model ?? '',
  } as const;
  return { entry, info: { status: 'hit', age_seconds: 0, strategy: 'exact' } as const };
}

function waitFor({ record }: Plan, leaseMs: number, { clock, random }: RunJobDeps): Outcome {
  const nowMs = clock.now();
  // Spread, so that not all look at once.
  const lookMs = Math.min(leaseMs, lookAgainMs) * (0.5 + random() / 2);
  const waitMs = Math.ceil(
    Math.max(20, Math.min(lookMs, Math.min(record.startByMs, record.deadlineMs) - nowMs)),
  );
  const resets_at = new Date(nowMs + leaseMs).toISOString();
  const waitingOn = { limit: 'an equal job under way', scope: 'job', resets_at } as const;
  return { kind: 'wait', scope: 'tenant', waitMs, waitingOn };
}

/** Makes the call, and keeps the lease of the flight that it leads. What comes of it names the flight. */
export async function leadFlight(
  plan: Plan,
  deps: Pick<RunJobDeps, 'flights' | 'log'>,
  call: () => Promise<Outcome>,
): Promise<Outcome> {
  const flight = plan.cached?.flight;
  if (!flight) return await call();
  const { jobId } = plan.record;
  const renewing = setInterval(() => {
    deps.flights.renew(flight, jobId, flightLeaseMs).catch((error: unknown) => {
      deps.log.warn({ err: error, jobId }, 'the lease of a flight was not renewed');
    });
  }, renewEveryMs);
  try {
    return { ...(await call()), flight: ledBy(plan, flight) };
  } finally {
    clearInterval(renewing);
  }
}

function ledBy({ route, record }: Plan, { scope, digest }: Flight): NonNullable<Outcome['flight']> {
  return { scope, digest, name: route.name, timeoutMs: sharedTimeoutMs(record) };
}
