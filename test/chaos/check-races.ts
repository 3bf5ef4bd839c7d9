import { isTerminal, type JobState, type JobView } from '@sluice/contracts';
import type { LedgerEntry } from '@sluice/simulator';
import type { ReceivedRequest } from '@sluice/testing';

import { quantile } from '../bench/statistics.ts';

/** One cancel, and what the API said to it. `askedAtMs` is epoch milliseconds. */
export interface Race {
  index: number;
  id: string;
  askedAtMs: number;
  status: number;
  /** It was asked before and answered 503: it may have been done then. */
  isUncertain: boolean;
  /** Of a cancel that was taken. */
  state: JobState | undefined;
}

export interface RaceEvidence {
  races: readonly Race[];
  /** Every job as it is at the end, by its id. */
  ends: ReadonlyMap<string, JobView>;
  /** What the simulator was asked for; a job's call has `race-<index>` as its user. */
  calls: readonly LedgerEntry[];
  /** What the receiver of the webhooks was told. */
  events: readonly ReceivedRequest[];
}

export interface RaceVerdict {
  states: Partial<Record<JobState, number>>;
  /** Calls that were under way when their job was cancelled, and ended by it. */
  cut: number;
  /** From the cancel to the end of such a call at the upstream, milliseconds. */
  cutMs: { p50: number; p99: number; max: number };
  /** Calls that were cut and told their job what they had taken. */
  metered: number;
  breaches: string[];
}

/**
 * | what must hold                                                                                            |
 * |-----------------------------------------------------------------------------------------------------------|
 * | a cancel that was taken (200) leaves its job cancelled; one that was refused (409) leaves it completed      |
 * | a job has one end in its timeline, a result exactly if it completed, and one event, of that end             |
 * | a call of a cancelled job was cut, or had ended at the upstream before the cancel could reach it             |
 * | a call that was cut is an attempt of its job, with what it took                                              |
 */
export function checkRaces(evidence: RaceEvidence): RaceVerdict {
  const breaches: string[] = [];
  const states: RaceVerdict['states'] = {};
  const cutMs: number[] = [];
  let metered = 0;
  const eventsOf = Map.groupBy(evidence.events.map(readEvent), ({ jobId }) => jobId);
  const callsOf = Map.groupBy(
    evidence.calls.filter(({ paid }) => paid),
    ({ jobTag }) => jobTag,
  );
  for (const race of evidence.races) {
    const job = evidence.ends.get(race.id);
    if (!job) {
      breaches.push(`${race.id}: gone`);
      continue;
    }
    states[job.state] = (states[job.state] ?? 0) + 1;
    breaches.push(...breachesOf(race, job, eventsOf.get(race.id) ?? []));
    if (job.state !== 'cancelled') continue;
    for (const call of callsOf.get(`race-${race.index}`) ?? []) {
      if (call.outcome !== 'aborted') continue;
      cutMs.push(call.atMs + (call.durationMs ?? Infinity) - race.askedAtMs);
      if (job.attempts.some(isMetered)) metered += 1;
      else breaches.push(`${race.id}: its call was cut, and it shows no attempt of it`);
    }
  }
  const shares = { p50: quantile(cutMs, 0.5), p99: quantile(cutMs, 0.99), max: quantile(cutMs, 1) };
  return { states, cut: cutMs.length, cutMs: roundAll(shares), metered, breaches };
}

function breachesOf(race: Race, job: JobView, events: readonly EndEvent[]): string[] {
  const breaches: string[] = [];
  const expected = race.status === 200 ? 'cancelled' : 'completed';
  const found = `${race.id} (${race.status}, ${job.state})`;
  if (race.status !== 200 && race.status !== 409) breaches.push(`${found}: an unknown answer`);
  if (job.state !== expected && !race.isUncertain) breaches.push(`${found}: should be ${expected}`);
  if (race.state !== undefined && race.state !== job.state) breaches.push(`${found}: state moved`);
  const ends = (job.timeline ?? []).map(({ type }) => type).filter(isEnd);
  if (ends.length !== 1) breaches.push(`${found}: ended as ${ends.join(', ') || 'nothing'}`);
  if ((job.result !== undefined) !== (job.state === 'completed'))
    breaches.push(`${found}: its result does not fit`);
  const told = new Set(events.map(({ type, id }) => `${id} ${type}`));
  const isTold = told.size === 1 && events[0]?.type === `${job.type}.${job.state}`;
  if (!isTold) breaches.push(`${found}: told as ${[...told].join(', ') || 'nothing'}`);
  return breaches;
}

function isEnd(type: string): boolean {
  return isTerminal(type as JobState);
}

function isMetered({ outcome, usage, cost_usd: cost }: JobView['attempts'][number]): boolean {
  return outcome !== 'failed' && (usage !== undefined || cost === 'unknown');
}

interface EndEvent {
  jobId: string;
  id: string;
  type: string;
}

function readEvent({ rawBody, headers }: ReceivedRequest): EndEvent {
  // Our own webhook's form.
  const { type, data } = JSON.parse(rawBody.toString('utf8')) as {
    type: string;
    data: { job_id: string };
  };
  return { jobId: data.job_id, id: String(headers['webhook-id']), type };
}

function roundAll<Shares extends Record<string, number>>(shares: Shares): Shares {
  const rounded = Object.entries(shares).map(([name, ms]) => [name, Math.round(ms)]);
  // The same names.
  return Object.fromEntries(rounded) as Shares;
}
