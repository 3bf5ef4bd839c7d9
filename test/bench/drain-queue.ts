import { setTimeout as sleep } from 'node:timers/promises';

import type { Queue } from 'bullmq';

import type { Child } from '../support/child-process.ts';
import type { BenchStack } from './bench-stack.ts';
import { cpuMicroseconds } from './cpu-time.ts';

/** A worker, the queue it takes from, and how to fill it. */
export interface Subject {
  worker: Child;
  queue: Queue;
  fill(jobs: number): Promise<unknown>;
}

/** CPU time is for one job. */
export interface Round {
  jobsPerSecond: number;
  workerMicroseconds: number;
  redisMicroseconds: number;
}

/**
 * Fills the queue while it is paused, then times it until it is empty.
 * @throws Error where a job has not made exactly one upstream call.
 */
export async function drainQueue(
  stack: BenchStack,
  { queue, worker, fill }: Subject,
  wanted: number,
): Promise<Round> {
  await fetch(`${stack.simulator.url}/_sim/ledger`, { method: 'DELETE' });
  await queue.pause();
  await fill(wanted);
  const jobs = await unfinished(queue);

  const pids = [worker.pid, stack.redisPid];
  const before = await cpuMicroseconds(pids);
  const startedAt = performance.now();
  await queue.resume();
  while ((await unfinished(queue)) > 0) await sleep(5);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await cpuMicroseconds(pids);

  const bought = await stack.simulator.bought();
  if (bought !== jobs) throw new Error(`${jobs} jobs made ${bought} upstream calls`);
  const [workerMicroseconds = Number.NaN, redisMicroseconds = Number.NaN] = after.map(
    (value, i) => (value - (before[i] ?? Number.NaN)) / jobs,
  );
  return { jobsPerSecond: jobs / seconds, workerMicroseconds, redisMicroseconds };
}

async function unfinished(queue: Queue): Promise<number> {
  return await queue.getJobCountByTypes('waiting', 'prioritized', 'delayed', 'active');
}
