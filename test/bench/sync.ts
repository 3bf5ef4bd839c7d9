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

const sizes = {
  full: { rounds: 150, warmUp: 50 },
  smoke: { rounds: 2, warmUp: 1 },
};

/** How long the simulator thinks before it answers. */
const firstByteMs = 10;

const prompt = { messages: [{ role: 'user', content: 'Say hello' }] };

/**
 * In the order in which they are called. The gateway is asked for whole answers only: of a stream its version 1.15.2 answers
 * with 500 on Node 24 (it writes to the headers of a reply that are not its own).
 */
const order = { whole: ['direct', 'gateway', 'sluice'], stream: ['direct', 'sluice'] } as const;
type How = keyof typeof order;
type Way = (typeof order)[How][number];

/** Who is asked, and how. */
interface Endpoint {
  url: string;
  headers: Record<string, string>;
  model: string;
}

/**
 * What a synchronous chat completion takes through Sluice (accept, queue, worker, limits, record, answer), through a gateway that
 * only passes it on, and straight to the upstream; whole and as a stream. Nothing else runs, one call at a time, all in turn.
 */
export async function benchSync(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  await stack.simulator.behaviour({ firstByteMs, latencyMs: firstByteMs, chunks: 8 });
  await stack.startWorker();
  const api = await stack.startApi();
  const gateway = await stack.startBare('portkey-gateway.ts', {
    TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost',
    // It would keep its cache there.
    REDIS_URL: '',
  });
  const upstream = `${stack.simulator.url}/openai/v1`;
  const key = { authorization: 'Bearer sim-key' };
  const relayed = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstream };
  const endpoints: Record<Way, Endpoint> = {
    direct: { url: upstream, headers: key, model: 'sim-chat' },
    gateway: { url: `${gateway.url}/v1`, headers: { ...key, ...relayed }, model: 'sim-chat' },
    sluice: { url: `${api.url}/v1`, headers: stack.headers, model: 'chat' },
  };
  const rounds = options.rounds ?? size.rounds;
  const measure = async (how: How) => {
    for (let round = 0; round < size.warmUp; round += 1) await callAll(endpoints, how);
    const calledBefore = (await stack.simulator.calls()).length;
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round += 1)
      samples.push(...(await callAll(endpoints, how)));
    return latenciesOf(how, samples, (await stack.simulator.calls()).slice(calledBefore));
  };
  return report({ whole: await measure('whole'), stream: await measure('stream') }, rounds);
}

/** One call of each way, one after the other. */
async function callAll(endpoints: Record<Way, Endpoint>, how: How): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const way of order[how]) {
    const { url, headers, model } = endpoints[way];
    const body = { ...prompt, model, ...(how === 'stream' && { stream: true }) };
    const sentAtMs = now();
    // One after the other is the point.
    // oxlint-disable-next-line no-await-in-loop
    const text = await send('POST', `${url}/chat/completions`, { headers, body });
    samples.push({ sentAtMs, gotAtMs: now() });
    const isWhole = text.includes(how === 'stream' ? '[DONE]' : '"chat.completion"');
    if (!isWhole) throw new Error(`${way}: ${text}`);
  }
  return samples;
}

type Latencies = Record<Way, Latency[]>;

/** One call at a time, so those of the ledger came in the order of the requests. */
function latenciesOf(how: How, samples: readonly Sample[], calls: LedgerEntry[]): Latencies {
  const latencies: Latencies = { direct: [], gateway: [], sluice: [] };
  const ways = order[how];
  samples.forEach((sample, i) => {
    latencies[ways[i % ways.length] ?? 'direct'].push(latencyOf(sample, calls[i]));
  });
  return latencies;
}

const names: Record<Way, string> = {
  direct: 'the upstream itself',
  gateway: '@portkey-ai/gateway',
  sluice: 'Sluice',
};

function report(measured: Record<How, Latencies>, rounds: number): BenchReport {
  const rowsOf = (how: How) =>
    order[how].map((way) => ({
      name: `${names[way]}, ${how}`,
      cells: cellsOf(measured[how][way], measured[how].direct),
    }));
  return {
    name: 'sync',
    title: `Chat completions, idle, one at a time, without the upstream's own time: ${rounds} of each`,
    columns: latencyColumns,
    rows: [...rowsOf('whole'), ...rowsOf('stream')],
    verdict: {
      metric: 'median ms that Sluice adds to the direct call, whole',
      value: addedMs(measured.whole.sluice, measured.whole.direct),
      target: { atMost: 10 },
    },
    measured,
  };
}
