import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { request } from 'undici';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { cpuMicroseconds } from './cpu-time.ts';
import { median } from './statistics.ts';

const sizes = {
  full: { rounds: 5, watchers: 1_000, chunks: 300 },
  smoke: { rounds: 1, watchers: 5, chunks: 20 },
};

/** An answer of about 6 s in the full size. */
const chunkDelayMs = 20;

/** Connections that are opened at once: more of them overflow the backlog of the listening socket. */
const opensAtOnce = 50;

/** Percent of one core while the answer was made. */
interface Share {
  worker: number;
  api: number;
  redis: number;
}

/**
 * What clients that watch one job cost: CPU time of worker, API and Redis while the worker streams an answer, with a thousand
 * clients that follow its events and with none, in turn. Every client must be told the end, or the bench fails.
 */
export async function benchWatchers(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  await stack.simulator.behaviour({ chunkDelayMs, chunks: size.chunks });
  const worker = await stack.startWorker();
  const api = await stack.startApi();
  const pids = [worker.pid, api.pid, stack.redisPid];
  const run = async (watchers: number) => await measure(stack, { url: api.url, pids, watchers });
  await run(0);
  const alone: Share[] = [];
  const watched: Share[] = [];
  for (let round = 0; round < (options.rounds ?? size.rounds); round += 1) {
    alone.push(await run(0));
    watched.push(await run(size.watchers));
  }
  return report(alone, watched, size.watchers);
}

interface Subject {
  url: string;
  /** Of worker, API and Redis. */
  pids: readonly number[];
  watchers: number;
}

async function measure(stack: BenchStack, { url, pids, watchers }: Subject): Promise<Share> {
  const id = await submit(url, stack.headers);
  const before = await cpuMicroseconds(pids);
  const startedAtMs = performance.now();
  const streams: IncomingMessage[] = [];
  for (let opened = 0; opened < watchers; opened += opensAtOnce) {
    const some = Array.from({ length: Math.min(opensAtOnce, watchers - opened) }, () =>
      follow(`${url}/v1/jobs/${id}/events`, stack.headers),
    );
    streams.push(...(await Promise.all(some)));
  }
  const texts = Promise.all(streams.map((stream) => text(stream)));
  await waitForEnd(url, id, stack.headers);
  const elapsedMicroseconds = (performance.now() - startedAtMs) * 1_000;
  const after = await cpuMicroseconds(pids);
  const told = (await texts).filter((events) => events.includes('event: completed')).length;
  if (told < watchers) throw new Error(`${watchers - told} watchers were not told the end`);
  const [worker = NaN, api = NaN, redis = NaN] = after.map(
    (used, i) => ((used - (before[i] ?? NaN)) / elapsedMicroseconds) * 100,
  );
  return { worker, api, redis };
}

async function submit(url: string, headers: Record<string, string>): Promise<string> {
  const reply = await request(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ ...chatJob, stream: true }),
  });
  if (reply.statusCode !== 202) throw new Error(`${reply.statusCode} ${await reply.body.text()}`);
  // The API's own reply.
  return ((await reply.body.json()) as { id: string }).id;
}

async function follow(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  // A connection of its own, as every browser has.
  const opening = get(url, { headers, agent: false });
  const [stream] = (await once(opening, 'response')) as [IncomingMessage];
  return stream;
}

async function waitForEnd(url: string, id: string, headers: Record<string, string>): Promise<void> {
  for (;;) {
    const reply = await request(`${url}/v1/jobs/${id}?wait=30`, { headers });
    // The API's own reply.
    const { state } = (await reply.body.json()) as { state: string };
    if (state === 'completed') return;
    if (state !== 'in_progress' && state !== 'queued') throw new Error(`the job is ${state}`);
  }
}

function report(alone: readonly Share[], watched: readonly Share[], watchers: number): BenchReport {
  const names = ['worker', 'api', 'redis'] as const;
  const middle = (shares: readonly Share[], name: (typeof names)[number]) =>
    median(shares.map((share) => share[name]));
  const added = middle(watched, 'worker') - middle(alone, 'worker');
  return {
    name: 'watchers',
    title: `CPU of each process while one answer is streamed, percent of a core: ${alone.length} rounds`,
    columns: ['no watcher', `${watchers} watchers`],
    rows: names.map((name) => ({
      name,
      cells: [middle(alone, name).toFixed(1), middle(watched, name).toFixed(1)],
    })),
    verdict: {
      metric: `CPU that ${watchers} watchers of a job cost its worker, percent of a core`,
      value: added,
      target: { atMost: 5 },
    },
    measured: { alone, watched },
  };
}
