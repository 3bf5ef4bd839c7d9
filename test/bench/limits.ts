import { setTimeout as sleep } from 'node:timers/promises';

import type { LedgerEntry } from '@sluice/simulator';
import { shardTag } from '@sluice/runtime';
import { Queue } from 'bullmq';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { postMany } from './load.ts';
import { lane } from './settings.ts';

const sizes = {
  full: { limit: 250, windowMs: 5_000, windows: 7 },
  smoke: { limit: 10, windowMs: 1_000, windows: 3 },
};

interface Size {
  limit: number;
  windowMs: number;
  /** How many windows the backlog takes. */
  windows: number;
}

/** What one way to keep the limit came to. */
interface Kept {
  /** Calls that the fullest sliding window had more than the limit. */
  overAdmission: number;
  /** Share of the limit that was used, without the first window and the last. */
  utilisation: number;
  calls: number;
  refused: number;
  redisCallsPerJob: number;
}

/**
 * One limit of requests per 5 s that the upstream enforces in sliding windows, a backlog of several windows, and two worker
 * processes: Sluice, BullMQ's own limiter set to the same limit, and BullMQ without any, which tries again after a 429.
 * Counted in the upstream's ledger.
 */
export async function benchLimits(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  const { limit, windowMs } = size;
  const buckets = [{ unit: 'requests', limit, windowSeconds: windowMs / 1_000 }];
  await using stack = await startBenchStack({ ...options, limits: { buckets } });
  const sluice = await measure(stack, size, () => startSluice(stack));
  const limited = { LIMIT_MAX: String(limit), LIMIT_MS: String(windowMs) };
  const bullmq = await measure(stack, size, () => startBare(stack, 'limited', limited));
  const fifo = await measure(stack, size, () => startBare(stack, 'unlimited', {}));
  return report({ sluice, bullmq, fifo }, size);
}

/** Fills a queue that is paused; `stop` ends its workers. */
interface Subject {
  queue: Queue;
  fill(jobs: number): Promise<unknown>;
  stop(): Promise<void>;
}

async function startSluice(stack: BenchStack): Promise<Subject> {
  const queue = new Queue(lane, { connection: stack.redis, prefix: shardTag('sluice', 0) });
  const api = await stack.startApi();
  const workers = [await stack.startWorker(), await stack.startWorker()];
  const fill = (amount: number) =>
    postMany(`${api.url}/v1/jobs`, chatJob, {
      amount,
      connections: Math.min(amount, 32),
      headers: stack.headers,
    });
  return { queue, fill, stop: () => end(queue, [api, ...workers]) };
}

async function startBare(
  stack: BenchStack,
  name: string,
  environment: Record<string, string>,
): Promise<Subject> {
  const queue = new Queue(name, { connection: stack.redis });
  const start = () => stack.startBare('limited-worker.ts', { ...environment, QUEUE: name });
  const workers = [await start(), await start()];
  const data = { model: 'sim-chat', ...chatJob.input };
  const opts = { attempts: 1_000, backoff: { type: 'custom' }, removeOnComplete: true };
  const fill = (jobs: number) =>
    queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'chat', data, opts })));
  return { queue, fill, stop: () => end(queue, workers) };
}

type Ending = Awaited<ReturnType<BenchStack['startWorker']>>;

async function end(queue: Queue, children: readonly Ending[]): Promise<void> {
  await queue.close();
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exited));
}

async function measure(
  stack: BenchStack,
  size: Size,
  start: () => Promise<Subject>,
): Promise<Kept> {
  const { limit, windowMs, windows } = size;
  await stack.simulator.reset();
  await stack.simulator.behaviour({ chunks: 2 });
  await stack.simulator.limits({ requests: [{ limit, windowMs }], countLimited: false });
  const subject = await start();
  const jobs = limit * windows;
  await subject.queue.pause();
  await subject.fill(jobs);
  const before = await commandCalls(stack);
  await subject.queue.resume();
  while ((await stack.simulator.bought('chat')) < jobs) await sleep(200);
  const after = await commandCalls(stack);
  await subject.stop();
  const calls = await stack.simulator.calls('chat');
  return { ...judge(calls, size), redisCallsPerJob: (after - before) / jobs };
}

function judge(
  calls: readonly LedgerEntry[],
  { limit, windowMs }: Size,
): Omit<Kept, 'redisCallsPerJob'> {
  const arrivals = calls.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  const bought = calls
    .filter(({ outcome }) => outcome === 'bought')
    .map(({ atMs }) => atMs)
    .toSorted((a, b) => a - b);
  const steadyMs = (bought[bought.length - limit] ?? 0) - (bought[limit] ?? 0);
  const possible = (steadyMs * limit) / windowMs;
  return {
    overAdmission: Math.max(0, fullest(arrivals, windowMs) - limit),
    utilisation: (bought.length - 2 * limit) / possible,
    calls: calls.length,
    refused: calls.filter(({ outcome }) => outcome === 'limited').length,
  };
}

/** The most arrivals in any half-open window. */
function fullest(sorted: readonly number[], windowMs: number): number {
  let oldest = 0;
  let most = 0;
  sorted.forEach((newest, i) => {
    while (newest - (sorted[oldest] ?? 0) >= windowMs) oldest += 1;
    most = Math.max(most, i - oldest + 1);
  });
  return most;
}

/** Commands that clients have sent to Redis so far; those inside scripts are one. */
async function commandCalls(stack: BenchStack): Promise<number> {
  const stats = await stack.redis.info('commandstats');
  let calls = 0;
  // What BullMQ's and our scripts call is counted by Redis as well: only what clients send has a script's own entry.
  for (const [, name = '', count = '0'] of stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)) {
    if (sentByClients.has(name)) calls += Number(count);
  }
  return calls;
}

/** All that BullMQ and Sluice send while they work; the rest is only called inside scripts. */
const sentByClients = new Set(['evalsha', 'eval', 'bzpopmin', 'publish']);

function report(kept: Record<'sluice' | 'bullmq' | 'fifo', Kept>, size: Size): BenchReport {
  const row = (name: string, one: Kept) => ({
    name,
    cells: [
      String(one.overAdmission),
      (100 * one.utilisation).toFixed(1),
      ((100 * one.refused) / one.calls).toFixed(1),
      one.redisCallsPerJob.toFixed(1),
    ],
  });
  return {
    name: 'limits',
    title:
      `${size.limit} requests per ${size.windowMs / 1_000} s, two worker processes, ` +
      `a backlog of ${size.windows} windows`,
    columns: ['over-admission', 'utilisation %', '429 %', 'Redis calls/job'],
    rows: [
      row('Sluice', kept.sluice),
      row('BullMQ’s limiter', kept.bullmq),
      row('plain FIFO', kept.fifo),
    ],
    verdict: {
      metric: 'over-admission of Sluice',
      value: kept.sluice.overAdmission,
      target: { atMost: 0 },
    },
    measured: kept,
  };
}
