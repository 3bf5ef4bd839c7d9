import { shardTag } from '@sluice/runtime';
import { Queue } from 'bullmq';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { drainQueue, type Round, type Subject } from './drain-queue.ts';
import { postMany } from './load.ts';
import { concurrency, lane } from './settings.ts';
import { inTurn, median, medianRatio } from './statistics.ts';

const sizes = {
  // Until then V8 still compiles both workers: its threads took 190 µs a job of Sluice's at first, and 20 after 16,000.
  full: { rounds: 11, jobs: 1_500, warmUp: 16_000 },
  smoke: { rounds: 1, jobs: 50, warmUp: 10 },
};

/**
 * Jobs per second of one Sluice worker process, against one bare BullMQ worker process that makes the same streamed call
 * to the same simulator, which answers at once. The queue is filled while it is paused; then it is resumed and the time
 * runs until it is empty. Each job makes exactly one upstream call, or the bench fails.
 */
export async function benchJobs(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  await stack.simulator.behaviour({ chunks: 8 });
  await using queues = new AsyncDisposableStack();
  const open = (name: string, prefix?: string) => {
    const queue = new Queue(name, { connection: stack.redis, ...(prefix && { prefix }) });
    queues.defer(() => queue.close());
    return queue;
  };
  const bare = await startBare(stack, open('bare'));
  const sluice = await startSluice(stack, open(lane, shardTag('sluice', 0)));
  await drainQueue(stack, bare, size.warmUp);
  await drainQueue(stack, sluice, size.warmUp);
  const rounds = await inTurn(
    options.rounds ?? size.rounds,
    () => drainQueue(stack, bare, size.jobs),
    () => drainQueue(stack, sluice, size.jobs),
  );
  return report({ bare: rounds.a, sluice: rounds.b }, size.jobs);
}

async function startBare(stack: BenchStack, queue: Queue): Promise<Subject> {
  const worker = await stack.startBare('bare-worker.ts');
  const data = { model: 'sim-chat', ...chatJob.input };
  const fill = (jobs: number) =>
    queue.addBulk(
      Array.from({ length: jobs }, () => ({
        name: 'chat',
        data,
        opts: { removeOnComplete: true },
      })),
    );
  return { worker, queue, fill };
}

async function startSluice(stack: BenchStack, queue: Queue): Promise<Subject> {
  const worker = await stack.startWorker();
  const api = await stack.startApi();
  const fill = (amount: number) =>
    postMany(`${api.url}/v1/jobs`, chatJob, {
      amount,
      connections: Math.min(amount, 32),
      headers: stack.headers,
    });
  return { worker, queue, fill };
}

/** Name, value of a round, digits. CPU time is for one job. */
const columns: [name: string, of: (round: Round) => number, digits: number][] = [
  ['jobs/s', (round) => round.jobsPerSecond, 0],
  ['worker CPU µs', (round) => round.workerMicroseconds, 0],
  ['Redis CPU µs', (round) => round.redisMicroseconds, 0],
];

function report({ bare, sluice }: { bare: Round[]; sluice: Round[] }, jobs: number): BenchReport {
  const row = (name: string, of: Round[]) => ({
    name,
    cells: columns.map(([, get, digits]) => median(of.map(get)).toFixed(digits)),
  });
  const ratio = (get: (round: Round) => number) => medianRatio(sluice.map(get), bare.map(get));
  return {
    name: 'jobs',
    title: `One worker process, ${concurrency} calls at once: ${bare.length} rounds of ${jobs} chat jobs`,
    columns: columns.map(([name]) => name),
    rows: [
      row('bare BullMQ worker', bare),
      row('Sluice worker', sluice),
      { name: 'Sluice to bare', cells: columns.map(([, get]) => ratio(get).toFixed(2)) },
    ],
    verdict: {
      metric: 'jobs/s, Sluice to bare',
      value: ratio((round) => round.jobsPerSecond),
      target: { atLeast: 0.7 },
    },
    measured: { bare, sluice },
  };
}
