import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { cpuMicroseconds } from './cpu-time.ts';
import { postMany, type LoadResult } from './load.ts';
import { inTurn, median, medianRatio } from './statistics.ts';

/**
 * V8 optimises functions of both servers up to their 16,000th request or so, half of all of them in the requests from 10,000 on: after
 * a shorter warm-up the first rounds would measure that.
 */
const sizes = {
  full: { rounds: 15, accepts: 2_000, warmUp: 16_000, connections: 32 },
  smoke: { rounds: 1, accepts: 64, warmUp: 32, connections: 16 },
};

interface Round extends LoadResult {
  serverMicroseconds: number;
  redisMicroseconds: number;
}

/**
 * Accepts per second of Sluice's API process, against a bare Express server that adds the body to a BullMQ queue. Both have
 * the same body and the same Redis, no worker runs, and Redis is emptied before each round.
 */
export async function benchAccepts(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  await using stack = await startBenchStack(options);
  const bare = await stack.startBare('bare-api.ts');
  const sluice = await stack.startApi();
  const rate = (server: { url: string; pid: number }) => () => measure(stack, server, size);

  const warmUp = { ...size, accepts: size.warmUp };
  await measure(stack, bare, warmUp);
  await measure(stack, sluice, warmUp);
  const rounds = await inTurn(options.rounds ?? size.rounds, rate(bare), rate(sluice));
  // A bench after this one on the same stack would do these jobs among its own.
  await stack.redis.flushall();
  return report({ bare: rounds.a, sluice: rounds.b }, size);
}

async function measure(
  stack: BenchStack,
  server: { url: string; pid: number },
  { accepts, connections }: { accepts: number; connections: number },
): Promise<Round> {
  await stack.redis.flushall();
  const pids = [server.pid, stack.redisPid];
  const before = await cpuMicroseconds(pids);
  const { headers } = stack;
  const load = await postMany(`${server.url}/v1/jobs`, chatJob, {
    amount: accepts,
    connections,
    headers,
  });
  const after = await cpuMicroseconds(pids);
  const [serverMicroseconds = Number.NaN, redisMicroseconds = Number.NaN] = after.map(
    (value, i) => (value - (before[i] ?? Number.NaN)) / accepts,
  );
  return { ...load, serverMicroseconds, redisMicroseconds };
}

/** Name, value of a round, digits. CPU time is for one request. */
const columns: [name: string, of: (round: Round) => number, digits: number][] = [
  ['accepts/s', (round) => round.requestsPerSecond, 0],
  ['p50 ms', (round) => round.p50Ms, 1],
  ['p99 ms', (round) => round.p99Ms, 1],
  ['server CPU µs', (round) => round.serverMicroseconds, 0],
  ['Redis CPU µs', (round) => round.redisMicroseconds, 0],
];

function report(
  rounds: { bare: Round[]; sluice: Round[] },
  { accepts, connections }: { accepts: number; connections: number },
): BenchReport {
  const { bare, sluice } = rounds;
  const refused = (of: Round[]) => String(of.reduce((sum, round) => sum + round.refused, 0));
  const row = (name: string, of: Round[]) => ({
    name,
    cells: [...columns.map(([, get, digits]) => median(of.map(get)).toFixed(digits)), refused(of)],
  });
  const ratio = (get: (round: Round) => number) => medianRatio(sluice.map(get), bare.map(get));
  return {
    name: 'accepts',
    title: `POST /v1/jobs: ${bare.length} rounds of ${accepts} requests over ${connections} connections`,
    columns: [...columns.map(([name]) => name), 'refused'],
    rows: [
      row('bare Express + queue.add', bare),
      row('Sluice API', sluice),
      { name: 'Sluice to bare', cells: [...columns.map(([, get]) => ratio(get).toFixed(2)), '-'] },
    ],
    verdict: {
      metric: 'accepts/s, Sluice to bare',
      value: ratio((round) => round.requestsPerSecond),
      target: { atLeast: 0.8, aim: 1.5 },
    },
    measured: rounds,
  };
}
