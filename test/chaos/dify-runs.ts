import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';

import { launchStack, type Stack } from '../support/start-stack.ts';
import { seededRandom } from './seeded-random.ts';

export interface DifyChaosOptions {
  runs: number;
  /** `kill -9` of a worker chosen at random, at random times; each is replaced by a new one. */
  kills: number;
  workers: number;
  seed: number;
  /** Simulated seconds in a real one. */
  scale: number;
  /** Real milliseconds between two submits. */
  submitEveryMs: number;
}

export interface DifyChaosReport extends DifyChaosOptions {
  completed: number;
  /** Every job that ended otherwise, with its error. */
  others: string[];
  /** Requests that start a run, as the simulator's ledger has them. */
  posts: number;
  /** Jobs with more or fewer such requests than one. */
  notOnce: number;
  /** Jobs that lost at least one worker, and losses in all. */
  interruptedJobs: number;
  interruptions: number;
  killed: number;
  seconds: number;
}

/** Simulated minutes that the runs of an app take; the apps share the runs. */
const minutes = [3, 5, 8, 11, 14, 17, 20, 23, 26, 30];
const nodesOfRun = 10;

/** Time between two kills, and how long to wait for jobs after the last one; real milliseconds. */
const betweenKillsMs = { min: 500, max: 3_000 };
const endWithinMs = 240_000;

/**
 * Runs of a Dify app that take 3 to 30 simulated minutes, while workers are killed. The app lets a call that cannot be
 * found be made again, so that a worker killed between its note and its request costs no job: what shows is that a run,
 * once asked for, is always found.
 */
export async function runDifyChaos(options: DifyChaosOptions): Promise<DifyChaosReport> {
  const { stack, stop } = await launchStack({ workers: options.workers, config });
  const random = seededRandom(options.seed);
  const startedMs = performance.now();
  try {
    await scriptRuns(stack, options.scale);
    const [ids, killed] = await Promise.all([
      submitRuns(stack, options),
      killWorkers(stack, options, random),
    ]);
    const jobs = await waitForAll(stack, ids);
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    return { ...options, ...(await judge(stack, jobs)), killed, seconds };
  } finally {
    await stop();
  }
}

function config({ simulatorUrl }: { simulatorUrl: string }): Record<string, unknown> {
  const app = (minute: number) => ({
    provider: 'dify',
    apiKey: `app-takes-${minute}`,
    onCrash: 'rerun',
  });
  return {
    providers: { dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` } },
    apps: Object.fromEntries(minutes.map((minute) => [`takes-${minute}`, app(minute)])),
    jobs: { attemptTimeoutSeconds: 600 },
    worker: { concurrency: 200 },
  };
}

async function scriptRuns(stack: Stack, scale: number): Promise<void> {
  for (const minute of minutes) {
    const nodeDelayMs = (minute * 60_000) / scale / nodesOfRun;
    await stack.simulator.behaviour({
      scope: `app-takes-${minute}`,
      dify: { nodes: nodesOfRun, nodeDelayMs },
    });
  }
}

async function submitRuns(
  stack: Stack,
  { runs, submitEveryMs }: DifyChaosOptions,
): Promise<string[]> {
  const ids: string[] = [];
  for (let run = 0; run < runs; run += 1) {
    const app = `takes-${minutes[run % minutes.length]}`;
    const { id } = await stack.submit({ type: 'workflow', app, input: { inputs: { run } } });
    ids.push(id);
    await sleep(submitEveryMs);
  }
  return ids;
}

/** How many workers were killed. */
async function killWorkers(
  stack: Stack,
  { kills, workers }: DifyChaosOptions,
  random: () => number,
): Promise<number> {
  const living = stack.workers.slice(0, workers);
  const { min, max } = betweenKillsMs;
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(min + random() * (max - min));
    const [victim] = living.splice(Math.floor(random() * living.length), 1);
    victim?.kill('SIGKILL');
    living.push(await stack.addWorker());
  }
  return kills;
}

async function waitForAll(stack: Stack, ids: readonly string[]): Promise<JobView[]> {
  const deadline = performance.now() + endWithinMs;
  const jobs: JobView[] = [];
  for (const id of ids) {
    jobs.push(await stack.ended(id, Math.max(1, deadline - performance.now())));
  }
  return jobs;
}

async function judge(
  stack: Stack,
  jobs: readonly JobView[],
): Promise<
  Pick<
    DifyChaosReport,
    'completed' | 'others' | 'posts' | 'notOnce' | 'interruptedJobs' | 'interruptions'
  >
> {
  const posts = await stack.simulator.calls('workflow');
  // Without a user of its own a job is Dify's user, which the ledger shows.
  const byJob = Map.groupBy(posts, ({ jobTag }) => jobTag);
  const interruptions = jobs.map(
    ({ timeline }) => timeline?.filter(({ type }) => type === 'interrupted').length ?? 0,
  );
  const others = jobs.filter(({ state }) => state !== 'completed');
  return {
    completed: jobs.length - others.length,
    others: others.map(({ id, state, error }) => `${id} ${state}: ${error?.message ?? ''}`),
    posts: posts.length,
    notOnce: jobs.filter(({ id }) => byJob.get(id)?.length !== 1).length,
    interruptedJobs: interruptions.filter((count) => count > 0).length,
    interruptions: interruptions.reduce((sum, count) => sum + count, 0),
  };
}

/** Whether every run was finished and asked for exactly once. */
export function isProven(report: DifyChaosReport): boolean {
  const { runs, completed, posts, notOnce } = report;
  return completed === runs && posts === runs && notOnce === 0;
}
