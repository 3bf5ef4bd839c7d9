import { shardTag } from '@sluice/runtime';
import { Queue } from 'bullmq';
import { request } from 'undici';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { drainQueue, type Round } from './drain-queue.ts';
import { concurrency, lane } from './settings.ts';
import { inTurn, median, medianRatio, quantile } from './statistics.ts';

const sizes = {
  full: { rounds: 7, jobs: 1_500, asks: 1_000, warmUp: 2_000 },
  smoke: { rounds: 1, jobs: 40, asks: 3, warmUp: 5 },
};

type Api = Awaited<ReturnType<BenchStack['startApi']>>;

/** Requests of one kind before those of the other have their turn. */
const inARow = 50;

/** What a client sees of one way of asking, milliseconds. */
interface Latency {
  hit: number[];
  miss: number[];
}

/**
 * What the cache gives and takes:
 *
 * - A hit through HTTP, from POST to the ended job, one at a time, beside the same request to a model that does not cache, whose
 *   upstream answers at once. A process that has just started compiles what it does for some hundred requests, in which a hit
 *   takes four times as long: as many as are measured are asked before, and not counted.
 * - Jobs per second of one worker whose jobs all miss (a look-up at accept and at the call, a flight, a reply that is kept),
 *   and what they take of worker and Redis, beside the same jobs of the model that does not cache.
 */
export async function benchCache(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  await stack.simulator.behaviour({ chunks: 8 });
  await using queues = new AsyncDisposableStack();
  const queue = new Queue(lane, { connection: stack.redis, prefix: shardTag('sluice', 0) });
  queues.defer(() => queue.close());
  const worker = await stack.startWorker();
  const api = await stack.startApi();
  let unique = 0;
  const drain = async (model: string, jobs: number) => {
    const send = () => submit(stack, api, bodyOf(model, `job ${(unique += 1)}`));
    const fill = (wanted: number) => inChunks(wanted, send);
    return await drainQueue(stack, { worker, queue, fill }, jobs);
  };
  await drain('chat', size.warmUp);
  await drain('cached', size.warmUp);
  await askInTurn(stack, api, size.asks);
  const latency = await askInTurn(stack, api, size.asks);
  const rates = await inTurn(
    options.rounds ?? size.rounds,
    () => drain('chat', size.jobs),
    () => drain('cached', size.jobs),
  );
  return report({ latency, off: rates.a, on: rates.b });
}

interface Answer {
  state: string;
  cache?: { status: string };
}

function bodyOf(model: string, content: string): unknown {
  return { type: 'chat', model, input: { messages: [{ role: 'user', content }], max_tokens: 64 } };
}

async function submit(
  { headers }: BenchStack,
  { url }: Api,
  body: unknown,
  more: Record<string, string> = {},
): Promise<Answer> {
  const reply = await request(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, ...more, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await reply.body.text();
  if (reply.statusCode >= 300) throw new Error(`${reply.statusCode} ${text}`);
  // The API's own job.
  return JSON.parse(text) as Answer;
}

/**
 * Hits and calls, each from POST to the ended job, one at a time: some of the one and then some of the other, because what a
 * worker does after a call is no part of the next hit.
 */
async function askInTurn(stack: BenchStack, api: Api, asks: number): Promise<Latency> {
  const latency: Latency = { hit: [], miss: [] };
  const ask = async (model: string) =>
    await submit(stack, api, bodyOf(model, 'always the same'), { prefer: 'wait=10' });
  const askSome = (model: 'cached' | 'chat') => timeSome(Math.min(inARow, asks), model, ask);
  await ask('cached');
  while (latency.hit.length < asks) {
    // One after the other is the point.
    // oxlint-disable-next-line no-await-in-loop
    latency.hit.push(...(await askSome('cached')));
    // oxlint-disable-next-line no-await-in-loop
    latency.miss.push(...(await askSome('chat')));
  }
  return latency;
}

/** How long each of some requests took, in milliseconds. */
async function timeSome(
  count: number,
  model: 'cached' | 'chat',
  ask: (model: string) => Promise<Answer>,
): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count) {
    const startedAt = performance.now();
    // One after the other is the point.
    // oxlint-disable-next-line no-await-in-loop
    const { state, cache } = await ask(model);
    times.push(performance.now() - startedAt);
    const wanted = model === 'cached' ? 'hit' : 'off';
    if (state === 'completed' && cache?.status === wanted) continue;
    throw new Error(`a job is ${state}, of the cache ${cache?.status}; ${wanted} was expected`);
  }
  return times;
}

/** As from 32 clients. */
async function inChunks(wanted: number, send: () => Promise<unknown>): Promise<void> {
  for (let sent = 0; sent < wanted; sent += 32) {
    // One chunk after the other is the point of having chunks.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(Array.from({ length: Math.min(32, wanted - sent) }, send));
  }
}

interface Measured {
  latency: Latency;
  off: Round[];
  on: Round[];
}

function report({ latency, off, on }: Measured): BenchReport {
  const ms = (values: number[]) => [median(values).toFixed(2), quantile(values, 0.99).toFixed(2)];
  const share = (of: (round: Round) => number) => medianRatio(on.map(of), off.map(of));
  const lost = (1 - share(jobsOf)) * 100;
  const spent = (share(cpuOf) - 1) * 100;
  const rates = (rounds: Round[]) => [jobsOf, cpuOf].map((of) => median(rounds.map(of)).toFixed(0));
  return {
    name: 'cache',
    title:
      `A hit and a call, one at a time, POST to result: ${latency.hit.length} of each; ` +
      `jobs/s of one worker, ${concurrency} calls at once, all misses: ${off.length} rounds. ` +
      `Caching costs ${lost.toFixed(1)} % of jobs/s (target: 10 at most), ${spent.toFixed(1)} % more CPU time`,
    columns: ['p50 ms', 'p99 ms', 'jobs/s', 'CPU µs'],
    rows: [
      { name: 'answered by the cache', cells: [...ms(latency.hit), '-', '-'] },
      { name: 'without a cache', cells: [...ms(latency.miss), ...rates(off)] },
      { name: 'with a cache, all misses', cells: ['-', '-', ...rates(on)] },
    ],
    verdict: {
      metric: 'p99 ms of a hit through HTTP, idle',
      value: quantile(latency.hit, 0.99),
      target: { atMost: 5 },
    },
    measured: { latency, off, on },
  };
}

function jobsOf({ jobsPerSecond }: Round): number {
  return jobsPerSecond;
}

/** Of worker and Redis, for one job: whatever else the machine does hardly changes it. */
function cpuOf({ workerMicroseconds, redisMicroseconds }: Round): number {
  return workerMicroseconds + redisMicroseconds;
}
