import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { cpuMicroseconds } from './cpu-time.ts';
import { postMany, type LoadResult } from './load.ts';
import { inTurn, median, medianRatio } from './statistics.ts';

const sizes = {
  full: { rounds: 7, accepts: 5_000, warmUp: 8_000, connections: 32 },
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

function report(
  rounds: { bare: Round[]; sluice: Round[] },
  { accepts, connections }: { accepts: number; connections: number },
): BenchReport {
  const rateOf = (round: Round) => round.requestsPerSecond;
  const row = (name: string, of: Round[]) => ({
    name,
    cells: [
      median(of.map(rateOf)).toFixed(0),
      median(of.map((round) => round.p50Ms)).toFixed(1),
      median(of.map((round) => round.p99Ms)).toFixed(1),
      median(of.map((round) => round.serverMicroseconds)).toFixed(0),
      median(of.map((round) => round.redisMicroseconds)).toFixed(0),
    ],
  });
  return {
    name: 'accepts',
    title: `POST /v1/jobs: ${rounds.bare.length} rounds of ${accepts} requests over ${connections} connections`,
    columns: ['accepts/s', 'p50 ms', 'p99 ms', 'server CPU µs', 'Redis CPU µs'],
    rows: [row('bare Express + queue.add', rounds.bare), row('Sluice API', rounds.sluice)],
    verdict: {
      metric: 'accepts/s, Sluice to bare',
      value: medianRatio(rounds.sluice.map(rateOf), rounds.bare.map(rateOf)),
      target: { atLeast: 0.8, aim: 1.5 },
    },
    measured: rounds,
  };
}
