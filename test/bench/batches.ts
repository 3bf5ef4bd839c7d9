import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import OpenAI, { toFile } from 'openai';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { chatJob } from './chat-job.ts';
import { quantile } from './statistics.ts';

const sizes = {
  full: { accept: 5_000, small: 1_000, large: 3_000, paced: 500, probeMs: 2_000 },
  smoke: { accept: 100, small: 20, large: 60, paced: 20, probeMs: 300 },
};
type Size = (typeof sizes)['full'];

/** Requests a minute of the lane in which a whole batch is timed. */
const pacedPerMinute = 1_800;

/** Of a batch with more lines than this only the first results are waited for; then it is cancelled, which walks through the rest. */
const runToTheEnd = 10_000;

/**
 * A batch of a file: how fast it is taken, what other requests notice of it, how much memory the API and the worker need for few and
 * for many lines, and how long a batch takes against the least that the lane's limit allows. `--lines` sets the
 * number of lines of the first two.
 *
 * The least is lines divided by the limit. What is timed against it is everything from the upload of the file until its client sees
 * the batch completed: upload, checks, the wait for each permit, the last call, the files, and a poll each 50 ms. A paced lane lets
 * callers that come late make up for a quarter of a second, and gives as much before its time at the begin: that covers the rest
 * on a quiet machine, where the figure may be a little below 1. Whether too much is admitted is measured by the bench `limits`.
 */
export async function benchBatches(options: BenchOptions): Promise<BenchReport> {
  const given = options.lines;
  const size = { ...sizes[options.size], ...(given && { accept: given, large: given }) };
  const free = await withoutLimits(options, size);
  const paced = await withLimit(options, size);
  return report({ ...free, ...paced }, size);
}

interface Measured {
  /** Seconds. */
  acceptSeconds: number;
  validatedSeconds: number;
  /** Milliseconds of `POST /v1/jobs` beside nothing, and beside the accept and the validation. */
  aloneP99Ms: number;
  besideP99Ms: number;
  /** Most of each process, MiB. */
  small: Peaks;
  large: Peaks;
  /** Of a whole batch, against lines divided by the limit. */
  makespan: number;
}

interface Peaks {
  api: number;
  worker: number;
}

async function withoutLimits(
  options: BenchOptions,
  size: Size,
): Promise<Omit<Measured, 'makespan'>> {
  await using stack = await startBenchStack(options);
  const api = await stack.startApi();
  const worker = await stack.startWorker();
  const client = clientOf(stack, api.url);
  const pids = { api: api.pid, worker: worker.pid };
  await run(client, 50);
  const small = await peaksDuring(pids, () => run(client, size.small));
  const large = await peaksDuring(pids, () => run(client, size.large));
  const file = fileOf(size.accept);
  const alone = await probe(stack, api.url, sleep(size.probeMs));
  const times = { accept: 0, validated: 0 };
  const beside = await probe(stack, api.url, accept(client, file, times));
  return {
    acceptSeconds: times.accept,
    validatedSeconds: times.validated,
    aloneP99Ms: quantile(alone, 0.99),
    besideP99Ms: quantile(beside, 0.99),
    small,
    large,
  };
}

async function withLimit(
  options: BenchOptions,
  { paced }: Size,
): Promise<Pick<Measured, 'makespan'>> {
  const limits = { requestsPerMinute: pacedPerMinute };
  await using stack = await startBenchStack({ ...options, limits });
  const api = await stack.startApi();
  await stack.startWorker();
  const client = clientOf(stack, api.url);
  // What a worker does for the first time takes it longer, however many lines follow.
  await run(client, 20);
  const startedMs = performance.now();
  await run(client, paced);
  const seconds = (performance.now() - startedMs) / 1_000;
  return { makespan: seconds / ((paced * 60) / pacedPerMinute) };
}

function clientOf({ headers }: BenchStack, url: string): OpenAI {
  const apiKey = headers.authorization.replace('Bearer ', '');
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

function fileOf(lines: number): Buffer {
  const { messages } = chatJob.input;
  const body = JSON.stringify({ model: 'chat', messages });
  const line = (i: number) =>
    `{"custom_id":"request-${i}","method":"POST","url":"/v1/chat/completions","body":${body}}\n`;
  return Buffer.from(Array.from({ length: lines }, (_, i) => line(i)).join(''));
}

async function submit(client: OpenAI, lines: Buffer): Promise<string> {
  const file = await toFile(lines, 'requests.jsonl');
  const { id } = await client.files.create({ file, purpose: 'batch' });
  const batch = await client.batches.create({
    input_file_id: id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  return batch.id;
}

/** Until it has its last result; of a large one until the first are there and the rest is written off. */
async function run(client: OpenAI, lines: number): Promise<void> {
  const id = await submit(client, fileOf(lines));
  let isCancelled = false;
  for (;;) {
    const { status, request_counts: counts } = await client.batches.retrieve(id);
    if (status === 'completed' || status === 'cancelled') return;
    if (status === 'failed' || status === 'expired') throw new Error(`the batch is ${status}`);
    if (!isCancelled && lines > runToTheEnd && (counts?.completed ?? 0) >= 2_000) {
      isCancelled = true;
      await client.batches.cancel(id);
    }
    await sleep(50);
  }
}

async function accept(
  client: OpenAI,
  lines: Buffer,
  times: { accept: number; validated: number },
): Promise<void> {
  const startedMs = performance.now();
  const since = () => (performance.now() - startedMs) / 1_000;
  const id = await submit(client, lines);
  times.accept = since();
  while ((await client.batches.retrieve(id)).status === 'validating') await sleep(20);
  times.validated = since();
  await client.batches.cancel(id);
}

/** How long jobs take to be accepted, four at a time, until `work` is done. Milliseconds. */
async function probe(stack: BenchStack, url: string, work: Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  const done = new AbortController();
  const post = async () => {
    while (!done.signal.aborted) {
      const startedMs = performance.now();
      const reply = await fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: { ...stack.headers, 'content-type': 'application/json' },
        body: JSON.stringify(chatJob),
      });
      await reply.text();
      samples.push(performance.now() - startedMs);
      await sleep(5);
    }
  };
  const posting = Promise.all(Array.from({ length: 4 }, post));
  try {
    await work;
  } finally {
    done.abort();
    await posting;
  }
  return samples;
}

async function peaksDuring(pids: Peaks, work: () => Promise<void>): Promise<Peaks> {
  const peaks = { api: 0, worker: 0 };
  const look = async () => {
    peaks.api = Math.max(peaks.api, await rssMiB(pids.api));
    peaks.worker = Math.max(peaks.worker, await rssMiB(pids.worker));
  };
  const timer = setInterval(() => void look(), 100);
  try {
    await work();
    await look();
  } finally {
    clearInterval(timer);
  }
  return peaks;
}

/** Resident memory; NaN where the system does not tell. */
async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_024;
}

function report(measured: Measured, size: Size): BenchReport {
  const { small, large, makespan } = measured;
  const mib = (value: number) => `${value.toFixed(0)} MiB`;
  const rows: [name: string, value: string][] = [
    [`accept of ${size.accept} lines`, `${measured.acceptSeconds.toFixed(2)} s`],
    ['until every line is checked', `${measured.validatedSeconds.toFixed(2)} s`],
    ['p99 of POST /v1/jobs alone', `${measured.aloneP99Ms.toFixed(1)} ms`],
    ['p99 of POST /v1/jobs beside it', `${measured.besideP99Ms.toFixed(1)} ms`],
    [`most memory, ${size.small} lines`, `API ${mib(small.api)}, worker ${mib(small.worker)}`],
    [`most memory, ${size.large} lines`, `API ${mib(large.api)}, worker ${mib(large.worker)}`],
    [`${size.paced} lines at ${pacedPerMinute}/min`, `${makespan.toFixed(3)} of the least`],
  ];
  return {
    name: 'batches',
    title: 'batches of files: accept, memory, makespan',
    columns: ['measured'],
    rows: rows.map(([name, value]) => ({ name, cells: [value] })),
    verdict: { metric: 'makespan to the least', value: makespan, target: { atMost: 1.05 } },
    measured,
  };
}
