import type { JobView } from '@sluice/contracts';
import type { LedgerEntry } from '@sluice/simulator';

import type { ChaosLedger } from './chaos-ledger.ts';

/** One invariant: what it says, what was counted, and every breach of it. */
export interface Verdict {
  name: string;
  seen: string;
  breaches: string[];
}

const terminal = ['completed', 'failed', 'cancelled', 'expired'];

/** Most calls of the simulator that may arrive in any 60 s. */
export interface CheckOptions {
  callsPerMinute: number;
}

/**
 * Proves the invariants from what was seen outside: every 202, every call that the provider had, every delivery that the
 * receiver had and every job as it can be polled at the end.
 */
export function checkLedger(ledger: ChaosLedger, { callsPerMinute }: CheckOptions): Verdict[] {
  const jobs = new Map(ledger.of('result').map(({ job }) => [job.id, job]));
  const calls = ledger.of('call').map(({ call }) => call);
  return [
    endsOnce(ledger, jobs),
    boughtOnce(ledger, jobs, calls),
    delivered(ledger, jobs),
    withinLimit(calls, callsPerMinute),
    ownWordsOnly(ledger, jobs),
    deliveredIsPollable(ledger, jobs),
  ];
}

function endsOnce(ledger: ChaosLedger, jobs: ReadonlyMap<string, JobView>): Verdict {
  const accepted = ledger.of('accepted');
  const breaches: string[] = [];
  for (const { jobId } of accepted) {
    const job = jobs.get(jobId);
    const ends = job?.timeline?.filter(({ type }) => terminal.includes(type)).length ?? 0;
    if (job?.state !== 'completed' || ends !== 1) {
      const why = job?.error ? ` (${job.error.code}: ${job.error.message})` : '';
      breaches.push(`${jobId} is ${job?.state ?? 'gone'}${why} and ended ${ends} times`);
    }
  }
  return {
    name: 'I1 every 202 ends once, completed',
    seen: `${accepted.length} accepted, ${jobs.size} read`,
    breaches,
  };
}

/** A worker that dies between the provider's last byte and Redis's acknowledgement takes what it bought along. */
function boughtOnce(
  ledger: ChaosLedger,
  jobs: ReadonlyMap<string, JobView>,
  calls: readonly LedgerEntry[],
): Verdict {
  const bought = calls.filter(({ outcome }) => outcome === 'bought');
  const byWord = Map.groupBy(bought, ({ jobTag }) => jobTag ?? '');
  const breaches: string[] = [];
  let again = 0;
  for (const { jobId, word } of ledger.of('accepted')) {
    const times = byWord.get(word)?.length ?? 0;
    const lost = interruptionsOf(jobs.get(jobId)).length;
    again += Math.max(0, times - 1);
    if (times < 1 || times > 1 + lost) {
      breaches.push(`${jobId} was bought ${times} times and lost ${lost} workers`);
    }
  }
  return {
    name: 'I2 bought once, but for kills inside a call',
    seen: `${bought.length} bought, ${again} of them again after a kill`,
    breaches,
  };
}

function delivered(ledger: ChaosLedger, jobs: ReadonlyMap<string, JobView>): Verdict {
  const byJob = Map.groupBy(ledger.of('delivered'), ({ jobId }) => jobId);
  const breaches: string[] = [];
  const idOwners = new Map<string, string>();
  let attempts = 0;
  for (const jobId of jobs.keys()) {
    const deliveries = byJob.get(jobId) ?? [];
    attempts += deliveries.length;
    const ids = new Set(deliveries.map(({ webhookId }) => webhookId));
    if (ids.size !== 1) breaches.push(`${jobId} was delivered under ${ids.size} ids`);
    for (const id of ids) {
      if ((idOwners.get(id) ?? jobId) !== jobId) breaches.push(`${id} told of two jobs`);
      idOwners.set(id, jobId);
    }
  }
  return {
    name: 'I3 every end delivered, one webhook-id a job',
    seen: `${byJob.size} jobs in ${attempts} deliveries`,
    breaches,
  };
}

function withinLimit(calls: readonly LedgerEntry[], limit: number): Verdict {
  const times = calls.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  times.forEach((atMs, index) => {
    while ((times[first] ?? atMs) <= atMs - 60_000) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return {
    name: 'I4 never more calls than the limit in any 60 s',
    seen: `${calls.length} calls, at most ${most} of ${limit}`,
    breaches: most > limit ? [`${most} calls within 60 s; the limit is ${limit}`] : [],
  };
}

/** The simulator answers with the prompt: a word of another job in a result would be a leak. */
function ownWordsOnly(ledger: ChaosLedger, jobs: ReadonlyMap<string, JobView>): Verdict {
  const accepted = ledger.of('accepted');
  const words = new Map(accepted.map(({ jobId, word }) => [word, jobId]));
  const breaches: string[] = [];
  let seen = 0;
  const look = (jobId: string, text: string) => {
    for (const word of text.match(/word-[a-z]+-\d+/g) ?? []) {
      seen += 1;
      if (words.get(word) !== jobId) breaches.push(`${jobId} holds ${word}`);
    }
  };
  for (const job of jobs.values()) look(job.id, JSON.stringify(job.result ?? ''));
  for (const { jobId, body } of ledger.of('delivered')) look(jobId, body);
  return { name: 'I5 no byte of another job or tenant', seen: `${seen} words looked at`, breaches };
}

function deliveredIsPollable(ledger: ChaosLedger, jobs: ReadonlyMap<string, JobView>): Verdict {
  const breaches: string[] = [];
  for (const { jobId, body } of ledger.of('delivered')) {
    // What our own webhook sends; a body of another form has no result and is a breach.
    const { data } = JSON.parse(body) as { data?: { result?: unknown } };
    if (JSON.stringify(data?.result) !== JSON.stringify(jobs.get(jobId)?.result)) {
      breaches.push(`${jobId} was delivered with another result than it has`);
    }
  }
  return {
    name: 'I6 what is delivered is what can be polled',
    seen: `${ledger.of('delivered').length} compared`,
    breaches,
  };
}

/** When the job's lost runs were found, epoch milliseconds. */
export function interruptionsOf(job: JobView | undefined): number[] {
  const events = job?.timeline?.filter(({ type }) => type === 'interrupted') ?? [];
  return events.map(({ at }) => Date.parse(at));
}
