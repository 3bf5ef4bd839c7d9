import { setTimeout as sleep } from 'node:timers/promises';

import { isTerminal, type JobState, type JobView, type LedgerEntry } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';

import { launchStack, type Stack } from '../support/start-stack.ts';
import { compareBooks, type Books } from './compare-books.ts';
import { readLedgerOf } from './read-ledger.ts';
import { seededRandom } from './seeded-random.ts';
import { untilAnswered } from './until-answered.ts';

export interface LedgerChaosOptions {
  jobs: number;
  /** `kill -9` of a worker chosen at random; each is replaced by a new one. */
  kills: number;
  workers: number;
  seed: number;
}

export interface LedgerChaosReport extends LedgerChaosOptions {
  states: Partial<Record<JobState, number>>;
  killed: number;
  entries: number;
  books: Books;
  /** Total of `GET /v1/usage`, and that of the entries: US dollars. */
  usageUsd: string;
  ledgerUsd: string;
  seconds: number;
}

const submittersAtOnce = 16;
const endWithinMs = 900_000;

/**
 * Jobs of every kind, with faults, cancels, replies from the cache and killed workers, at a simulator with the same prices.
 * Each job is a user of its own, by which the simulator's invoice is compared with the ledger.
 */
export async function runLedgerChaos(options: LedgerChaosOptions): Promise<LedgerChaosReport> {
  const { stack, stop } = await launchStack({ workers: options.workers, config });
  const random = seededRandom(options.seed);
  const startedMs = performance.now();
  try {
    await scriptFaults(stack, options);
    const ids: string[] = [];
    const [, killed] = await Promise.all([
      submitJobs(stack, options, ids),
      killWorkers(stack, options, random),
    ]);
    const states = await countEnds(stack, ids);
    return {
      ...options,
      states,
      killed,
      ...(await closeBooks(stack)),
      seconds: Math.round((performance.now() - startedMs) / 1_000),
    };
  } finally {
    await stop();
  }
}

function config({ simulatorUrl }: { simulatorUrl: string }): Record<string, unknown> {
  const baseUrl = `${simulatorUrl}/openai/v1`;
  return {
    providers: {
      openai: { kind: 'openai-compatible', baseUrl, apiKey: 'sim-key' },
      other: { kind: 'openai-compatible', baseUrl, apiKey: 'sim-key-2' },
      dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
    },
    models: {
      chat: {
        targets: [
          { provider: 'openai', model: 'sim-chat' },
          {
            provider: 'other',
            model: 'sim-chat-large',
            price: { inputPerMillion: 2.5, outputPerMillion: 10 },
          },
        ],
        price: { inputPerMillion: 0.15, outputPerMillion: 0.6 },
      },
      large: {
        targets: ['other/sim-chat-large'],
        price: { inputPerMillion: 2.5, outputPerMillion: 10 },
      },
      cached: {
        targets: ['openai/sim-chat'],
        price: { inputPerMillion: 0.15, outputPerMillion: 0.6 },
        cache: { ttlSeconds: 3_600 },
      },
      embedding: {
        type: 'embedding',
        targets: ['openai/sim-embedding'],
        price: { inputPerMillion: 0.02 },
      },
    },
    apps: { flow: { provider: 'dify', apiKey: 'app-sim', onCrash: 'rerun' } },
    retry: { maxAttempts: 6, initialDelaySeconds: 0.05, maxDelaySeconds: 0.5 },
    worker: { concurrency: 50 },
  };
}

/**
 * One call in twenty fails: refused, broken off, or without an end. They are spread over the run: one after the other they would
 * open the breakers of their targets.
 */
async function scriptFaults(stack: Stack, { jobs }: LedgerChaosOptions): Promise<void> {
  const times = Math.max(1, Math.floor(jobs / 100));
  await stack.simulator.behaviour({ chunkDelayMs: 1, chunks: 6 });
  const chat = { match: { kind: 'chat' }, times, between: 30 };
  const embedding = { match: { kind: 'embedding' }, times: Math.ceil(times / 2), between: 10 };
  await stack.simulator.fault(
    { ...chat, skip: 5, fault: { kind: 'status', status: 500 } },
    { ...chat, skip: 20, fault: { kind: 'truncate', afterChunks: 2 } },
    { ...embedding, skip: 3, fault: { kind: 'reset', afterBytes: 0 } },
  );
}

/** The job number `index`. Jobs of the cached model repeat each other. */
function jobOf(index: number): Record<string, unknown> {
  const user = `u${index}`;
  const words = `question ${index} ${'word '.repeat(index % 40)}`;
  const chat = (model: string, content: string) => ({
    type: 'chat',
    model,
    input: { messages: [{ role: 'user', content }] },
    user,
  });
  switch (index % 10) {
    case 0:
      return { type: 'embedding', model: 'embedding', input: { input: [words] }, user };
    case 1:
      return { type: 'workflow', app: 'flow', input: { inputs: { topic: words } }, user };
    case 2:
      return chat('cached', `cached ${index % 50}`);
    case 3:
      return chat('large', words);
    default:
      return chat('chat', words);
  }
}

/** A job in fifty is cancelled as soon as it is accepted. */
async function submitJobs(
  stack: Stack,
  { jobs }: LedgerChaosOptions,
  ids: string[],
): Promise<void> {
  let next = 0;
  const submitter = async () => {
    for (let index = next++; index < jobs; index = next++) {
      const key = { 'idempotency-key': `job-${index}` };
      const { reply } = await untilAnswered(() =>
        stack.request('POST', '/v1/jobs', jobOf(index), key),
      );
      if (reply.status !== 202) throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`);
      // The API's own job.
      const { id } = reply.body as JobView;
      ids.push(id);
      if (index % 50 === 7) {
        await untilAnswered(() => stack.request('POST', `/v1/jobs/${id}/cancel`));
      }
    }
  };
  await Promise.all(Array.from({ length: submittersAtOnce }, submitter));
}

async function killWorkers(
  stack: Stack,
  { kills, workers }: LedgerChaosOptions,
  random: () => number,
): Promise<number> {
  const living = stack.workers.slice(0, workers);
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(500 + random() * 2_000);
    const [victim] = living.splice(Math.floor(random() * living.length), 1);
    victim?.kill('SIGKILL');
    living.push(await stack.addWorker());
  }
  return kills;
}

async function countEnds(
  stack: Stack,
  ids: readonly string[],
): Promise<Partial<Record<JobState, number>>> {
  const deadline = performance.now() + endWithinMs;
  const states: Partial<Record<JobState, number>> = {};
  for (const id of ids) {
    const job = await ended(stack, id, deadline);
    states[job.state] = (states[job.state] ?? 0) + 1;
  }
  return states;
}

async function ended(stack: Stack, id: string, deadline: number): Promise<JobView> {
  for (;;) {
    const { reply } = await untilAnswered(() => stack.request('GET', `/v1/jobs/${id}?wait=10`));
    const job = reply.body as JobView;
    if (isTerminal(job.state)) return job;
    if (performance.now() > deadline) throw new Error(`${id} did not end: ${JSON.stringify(job)}`);
  }
}

/** Once every call is settled and counted: the ledger beside the invoice, and usage beside the ledger. */
async function closeBooks(
  stack: Stack,
): Promise<Pick<LedgerChaosReport, 'entries' | 'books' | 'usageUsd' | 'ledgerUsd'>> {
  await waitFor(async () => (await stack.simulator.calls()).every((c) => c.outcome !== 'open'), {
    timeoutMs: 60_000,
  });
  let entries: LedgerEntry[] = [];
  let usage = await totalUsage(stack);
  await waitFor(
    async () => {
      entries = await readLedgerOf(stack);
      usage = await totalUsage(stack);
      return usage.counted === entries.length;
    },
    { timeoutMs: 60_000 },
  );
  const books = compareBooks(entries, await stack.simulator.invoice());
  return { entries: entries.length, books, usageUsd: usage.costUsd, ledgerUsd: books.ledgerUsd };
}

async function totalUsage(stack: Stack): Promise<{ counted: number; costUsd: string }> {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const reply = await stack.request('GET', `/v1/usage?interval=all&from=${from}`);
  const page = reply.body as { data: { results: Record<string, string | number>[] }[] };
  const [total] = page.data[0]?.results ?? [];
  const { num_model_requests: calls = 0, num_cache_hits: hits = 0, cost_usd: cost } = total ?? {};
  return { counted: Number(calls) + Number(hits), costUsd: String(cost ?? '0') };
}

/** Whether every dollar of the invoice is explained, and the ledger has none that is not on it. */
export function isBalanced({ books, usageUsd, ledgerUsd }: LedgerChaosReport): boolean {
  return (
    books.unexplained.length === 0 &&
    books.exactUsd === books.invoicedExactUsd &&
    usageUsd === ledgerUsd
  );
}
