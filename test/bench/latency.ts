import type { LedgerEntry } from '@sluice/simulator';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack } from './bench-stack.ts';
import {
  addedMs,
  cellsOf,
  latencyColumns,
  latencyOf,
  now,
  send,
  type Latency,
  type Sample,
} from './call-latency.ts';
import { chatJob } from './chat-job.ts';

const sizes = {
  full: { rounds: 200, warmUp: 50 },
  smoke: { rounds: 2, warmUp: 1 },
};

/** How long the simulator thinks before it answers: long enough that the client waits before the job ends. */
const firstByteMs = 10;

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

  const rounds = options.rounds ?? size.rounds;
  for (let round = 0; round < size.warmUp; round += 1) await callAll(ways);
  const calledBefore = (await stack.simulator.calls()).length;
  const samples: Record<Way, Sample>[] = [];
  for (let round = 0; round < rounds; round += 1) samples.push(await callAll(ways));
  const calls = (await stack.simulator.calls()).slice(calledBefore);
  return report(samples, calls);
}

/** In the order in which they are called. */
const order = ['direct', 'prefer', 'poll'] as const;
type Way = (typeof order)[number];

async function callAll(ways: Record<Way, () => Promise<void>>): Promise<Record<Way, Sample>> {
  const time = async (way: Way) => {
    const sentAtMs = now();
    await ways[way]();
    return { sentAtMs, gotAtMs: now() };
  };
  return { direct: await time('direct'), prefer: await time('prefer'), poll: await time('poll') };
}

async function callDirectly(url: string): Promise<void> {
  const streamed = { stream: true, stream_options: { include_usage: true } };
  const body = { ...chatJob.input, model: 'sim-chat', ...streamed };
  await send('POST', url, { headers: { authorization: 'Bearer sim-key' }, body });
}

/** One request: the accept is held until the job has ended. */
async function submitAndWait(url: string, headers: Record<string, string>): Promise<void> {
  const waiting = { ...headers, prefer: 'wait=10' };
  checkCompleted(await send('POST', `${url}/v1/jobs`, { headers: waiting, body: chatJob }));
}

/** Two requests: the accept, then one that waits for the end. */
async function submitThenWait(url: string, headers: Record<string, string>): Promise<void> {
  const accepted = await send('POST', `${url}/v1/jobs`, { headers, body: chatJob });
  // The API's own reply.
  const { id } = JSON.parse(accepted) as { id: string };
  checkCompleted(await send('GET', `${url}/v1/jobs/${id}?wait=10`, { headers }));
}

function checkCompleted(text: string): void {
  // The API's own reply.
  const job = JSON.parse(text) as { id: string; state: string };
  if (job.state !== 'completed') throw new Error(`${job.id} is ${job.state}: ${text}`);
}

/** One request at a time, so the calls came in the order of the requests. */
function report(samples: Record<Way, Sample>[], calls: LedgerEntry[]): BenchReport {
  const latencies = { direct: [] as Latency[], prefer: [] as Latency[], poll: [] as Latency[] };
  samples.forEach((sample, round) => {
    order.forEach((way, i) => {
      latencies[way].push(latencyOf(sample[way], calls[round * order.length + i]));
    });
  });
  const rows = [
    { name: 'the upstream itself', cells: cellsOf(latencies.direct, latencies.direct) },
    { name: 'POST with Prefer: wait', cells: cellsOf(latencies.prefer, latencies.direct) },
    { name: 'POST, then GET with ?wait', cells: cellsOf(latencies.poll, latencies.direct) },
  ];
  return {
    name: 'latency',
    title: `Idle, one job at a time, without the upstream's own ${firstByteMs} ms: ${samples.length} of each`,
    columns: latencyColumns,
    rows,
    verdict: {
      metric: 'median ms added to the direct call (Prefer: wait)',
      value: addedMs(latencies.prefer, latencies.direct),
      target: { atMost: 10 },
    },
    measured: latencies,
  };
}
