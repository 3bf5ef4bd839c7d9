import type { LedgerEntry } from '@sluice/simulator';
import { request } from 'undici';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { median, quantile } from './statistics.ts';

const sizes = {
  full: { rounds: 200, warmUp: 50 },
  smoke: { rounds: 2, warmUp: 1 },
};

/** How long the simulator thinks before it answers: long enough that the client waits before the job ends. */
const firstByteMs = 10;

/** One request as its client saw it; epoch milliseconds. */
interface Sample {
  sentAtMs: number;
  gotAtMs: number;
  /** What the simulator's ledger knows the call by. */
  tag: string;
}

/** Milliseconds: without the simulator's own time, and its parts before and after it. */
interface Latency {
  ownless: number;
  toUpstream: number;
  fromUpstream: number;
}

/**
 * What Sluice adds to a call when nothing else runs: accept → upstream request → result at a client that waits for it,
 * without the time that the simulator took, against the same client calling the simulator itself. One request at a time.
 */
export async function benchLatency(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  await stack.simulator.behaviour({ firstByteMs, latencyMs: firstByteMs, chunks: 8 });
  await stack.startWorker();
  const api = await stack.startApi();
  const upstream = `${stack.simulator.url}/openai/v1/chat/completions`;
  const ways = {
    direct: () => callDirectly(upstream),
    prefer: () => submitAndWait(api.url, stack.headers),
    poll: () => submitThenWait(api.url, stack.headers),
  };

  const samples = { direct: [] as Sample[], prefer: [] as Sample[], poll: [] as Sample[] };
  const rounds = options.rounds ?? size.rounds;
  for (let round = -size.warmUp; round < rounds; round += 1) {
    for (const way of ['direct', 'prefer', 'poll'] as const) {
      const sample = await ways[way]();
      if (round >= 0) samples[way].push(sample);
    }
  }
  const calls = new Map((await stack.simulator.calls('chat')).map((call) => [call.jobTag, call]));
  const latencies = (of: Sample[]) => of.map((sample) => split(sample, calls.get(sample.tag)));
  return report({
    direct: latencies(samples.direct),
    prefer: latencies(samples.prefer),
    poll: latencies(samples.poll),
  });
}

let directCalls = 0;

async function callDirectly(url: string): Promise<Sample> {
  directCalls += 1;
  const tag = `direct-${directCalls}`;
  const sentAtMs = now();
  const options = { stream: true, stream_options: { include_usage: true } };
  const body = { ...chatJob.input, model: 'sim-chat', ...options };
  const headers = { authorization: 'Bearer sim-key', 'x-sluice-job-id': tag };
  await send('POST', url, { headers, body });
  return { sentAtMs, gotAtMs: now(), tag };
}

/** One request: the accept is held until the job has ended. */
async function submitAndWait(url: string, headers: Record<string, string>): Promise<Sample> {
  const sentAtMs = now();
  const text = await send('POST', `${url}/v1/jobs`, {
    headers: { ...headers, prefer: 'wait=10' },
    body: chatJob,
  });
  return { sentAtMs, gotAtMs: now(), tag: endedJob(text) };
}

/** Two requests: the accept, then one that waits for the end. */
async function submitThenWait(url: string, headers: Record<string, string>): Promise<Sample> {
  const sentAtMs = now();
  const accepted = await send('POST', `${url}/v1/jobs`, { headers, body: chatJob });
  // The API's own reply.
  const { id } = JSON.parse(accepted) as { id: string };
  const text = await send('GET', `${url}/v1/jobs/${id}?wait=10`, { headers });
  return { sentAtMs, gotAtMs: now(), tag: endedJob(text) };
}

async function send(
  method: 'GET' | 'POST',
  url: string,
  { headers, body }: { headers: Record<string, string>; body?: unknown },
): Promise<string> {
  const reply = await request(url, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await reply.body.text();
  if (reply.statusCode >= 300) throw new Error(`${method} ${url}: ${reply.statusCode} ${text}`);
  return text;
}

function endedJob(text: string): string {
  // The API's own reply.
  const job = JSON.parse(text) as { id: string; state: string };
  if (job.state !== 'completed') throw new Error(`${job.id} is ${job.state}: ${text}`);
  return job.id;
}

function split({ sentAtMs, gotAtMs, tag }: Sample, call: LedgerEntry | undefined): Latency {
  if (!call || call.durationMs === null) throw new Error(`no upstream call of ${tag}`);
  const toUpstream = call.atMs - sentAtMs;
  const fromUpstream = gotAtMs - sentAtMs - toUpstream - call.durationMs;
  return { ownless: toUpstream + fromUpstream, toUpstream, fromUpstream };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function report(latencies: Record<'direct' | 'prefer' | 'poll', Latency[]>): BenchReport {
  const of = (way: keyof typeof latencies, part: keyof Latency) =>
    latencies[way].map((latency) => latency[part]);
  const directMs = median(of('direct', 'ownless'));
  const row = (name: string, way: keyof typeof latencies) => ({
    name,
    cells: [
      median(of(way, 'ownless')).toFixed(2),
      quantile(of(way, 'ownless'), 0.95).toFixed(2),
      median(of(way, 'toUpstream')).toFixed(2),
      median(of(way, 'fromUpstream')).toFixed(2),
      (median(of(way, 'ownless')) - directMs).toFixed(2),
    ],
  });
  return {
    name: 'latency',
    title: `Idle, one job at a time, without the upstream's own ${firstByteMs} ms: ${latencies.direct.length} of each`,
    columns: ['median ms', 'p95 ms', 'to upstream', 'from upstream', 'added, median'],
    rows: [
      row('the upstream itself', 'direct'),
      row('POST with Prefer: wait', 'prefer'),
      row('POST, then GET with ?wait', 'poll'),
    ],
    verdict: {
      metric: 'median ms added to the direct call (Prefer: wait)',
      value: median(of('prefer', 'ownless')) - directMs,
      target: { atMost: 10 },
    },
    measured: latencies,
  };
}
