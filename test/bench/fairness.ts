import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';
import { shardTag } from '@sluice/runtime';
import { Queue } from 'bullmq';

import type { BenchOptions, BenchReport } from './bench.ts';
import { startBenchStack, type BenchStack } from './bench-stack.ts';
import { lane } from './settings.ts';

const concurrency = 8;
const serviceMs = 50;
const service = { firstByteMs: serviceMs, latencyMs: serviceMs, chunks: 1 };
const tenantNames = Array.from({ length: 10 }, (_, i) => `tenant-${i}`);
/** How large the prompts of a tenant's jobs are, in turn: to a first and a second tenant jobs are not the same. */
const promptWords = [10, 40, 160];
const sizes = {
  full: { backlog: 10_000, perTenant: 60, keys: 1_000 },
  smoke: { backlog: 30, perTenant: 6, keys: 5 },
};

/** Requests under way of whoever submits. */
const atOnce = 50;

interface Size {
  /** Jobs of the tenant that was first. */
  backlog: number;
  /** Jobs of each of ten tenants, the second one's after all of the first's. */
  perTenant: number;
  /** Of the first tenant, which take turns; the others have one. */
  keys: number;
}

interface Fairness {
  /** Of a single job behind another tenant's backlog, from its submit to its start, in times of one service. */
  victimWait: number;
  /** Of the tokens served to ten equal tenants when half of all jobs have started; 1 is equal. */
  jain: number;
  /** Of the first of them, which sends with many keys in turn, against the mean: a gain of 0.05 is 5 %. */
  splitGain: number;
}

/** A job that was submitted: whose, how dear, and when it was submitted and started (epoch milliseconds). */
interface Started {
  tenant: string;
  cost: number;
  submittedAtMs: number;
  startedAtMs: number;
}

/** Submits one job of a tenant; `started` tells of a tenant's, or of all, once they have ended. The queue is for pausing it. */
interface Subject {
  queue: Queue;
  submit(tenant: string, words: number): Promise<void>;
  started(tenant?: string): Promise<Started[]>;
}

/**
 * Who waits for whom in a lane with 8 slots: a single job behind another tenant's backlog, and ten equal tenants with jobs of
 * mixed sizes, all of one before all of the next. Sluice beside BullMQ, whose queue is first in, first out.
 */
export async function benchFairness(options: BenchOptions): Promise<BenchReport> {
  const size = sizes[options.size];
  const limits = { concurrency, tokensPerMinute: 100_000_000, pacing: 'burst' };
  await using stack = await startBenchStack({ ...options, limits });
  await stack.simulator.behaviour(service);
  const api = await stack.startApi();
  await stack.startWorker();
  await using queues = new AsyncDisposableStack();
  const open = (name: string, prefix?: string) => {
    const queue = new Queue(name, { connection: stack.redis, ...(prefix && { prefix }) });
    return queues.adopt(queue, (one) => one.close());
  };
  const ours = open(lane, shardTag('sluice', 0));
  const sluice = await measure(size, stack, () =>
    sluiceSubject({ stack, queue: ours, url: api.url, keys: size.keys }),
  );
  const environment = { QUEUE: 'fair', CONCURRENCY: String(concurrency) };
  await stack.startBare('limited-worker.ts', environment);
  const plain = open('fair');
  const fifo = await measure(size, stack, async () => fifoSubject(plain));
  return report({ sluice, fifo }, size);
}

async function measure(
  size: Size,
  { simulator }: BenchStack,
  subject: () => Promise<Subject>,
): Promise<Fairness> {
  const crowd = await subject();
  await crowd.queue.pause();
  await inChunks(size.backlog, () => crowd.submit('tenant-0', 10));
  await crowd.queue.resume();
  while ((await crowd.queue.getActiveCount()) < concurrency) await sleep(5);
  await crowd.submit('tenant-1', 10);
  const [victim] = await crowd.started('tenant-1');
  const victimWait = ((victim?.startedAtMs ?? 0) - (victim?.submittedAtMs ?? 0)) / serviceMs;
  await simulator.behaviour({ chunks: 1 });
  await untilEmpty(crowd.queue);
  await simulator.behaviour(service);

  const equals = await subject();
  await equals.queue.pause();
  for (const tenant of tenantNames) {
    await inChunks(size.perTenant, (i) => equals.submit(tenant, promptWords[i % 3] ?? 10));
  }
  await equals.queue.resume();
  return { victimWait, ...shares(await equals.started()) };
}

async function inChunks(count: number, submit: (index: number) => Promise<void>): Promise<void> {
  for (let sent = 0; sent < count; sent += atOnce) {
    const chunk = Array.from({ length: Math.min(atOnce, count - sent) }, (_, i) => sent + i);
    // Chunks as from so many clients.
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(chunk.map(submit));
  }
}

async function untilEmpty(queue: Queue): Promise<void> {
  const left = () => queue.getJobCountByTypes('waiting', 'prioritized', 'delayed', 'active');
  while ((await left()) > 0) await sleep(100);
}

/** Of the first half of the jobs to start. */
function shares(started: readonly Started[]): Pick<Fairness, 'jain' | 'splitGain'> {
  const inOrder = started.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  const served = new Map(tenantNames.map((name) => [name, 0]));
  for (const { tenant, cost } of inOrder.slice(0, inOrder.length / 2)) {
    served.set(tenant, (served.get(tenant) ?? 0) + cost);
  }
  const each = [...served.values()];
  const sum = each.reduce((total, one) => total + one, 0);
  const squares = each.reduce((total, one) => total + one ** 2, 0);
  const mean = sum / each.length;
  return { jain: sum ** 2 / (each.length * squares), splitGain: (each[0] ?? 0) / mean - 1 };
}

function promptOf(words: number): { messages: { role: 'user'; content: string }[] } {
  return { messages: [{ role: 'user', content: 'lamp '.repeat(words) }] };
}

/** Each tenant has a key; the first has many, which take turns. */
async function sluiceSubject({
  stack,
  queue,
  url,
  keys: keyCount,
}: {
  stack: BenchStack;
  queue: Queue;
  url: string;
  keys: number;
}): Promise<Subject> {
  const send = async (path: string, body?: unknown, headers: object = stack.headers) => {
    const reply = await fetch(`${url}${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return await reply.json();
  };
  const keys = new Map<string, string[]>();
  for (const id of tenantNames) {
    await send('/v1/admin/tenants', { id });
    const made: string[] = [];
    keys.set(id, made);
    await inChunks(id === 'tenant-0' ? keyCount : 1, async () => {
      const reply = await send('/v1/admin/keys', { tenant_id: id, scopes: ['submit', 'read'] });
      // The API's own reply.
      made.push((reply as { key: string }).key);
    });
  }
  const submitted: { id: string; tenant: string; words: number; authorization: string }[] = [];
  const submit: Subject['submit'] = async (tenant, words) => {
    const own = keys.get(tenant) ?? [];
    const authorization = `Bearer ${own[submitted.length % own.length]}`;
    const body = { type: 'chat', model: 'chat', input: promptOf(words) };
    const { id } = (await send('/v1/jobs', body, { authorization })) as JobView;
    submitted.push({ id, tenant, words, authorization });
  };
  const startedOf = async ({ id, tenant, words, authorization }: (typeof submitted)[number]) => {
    for (;;) {
      const job = (await send(`/v1/jobs/${id}?wait=30`, undefined, { authorization })) as JobView;
      if (job.ended_at === undefined) continue;
      const startedAtMs = job.attempts[0]?.started_at_ms ?? 0;
      return { tenant, cost: words, submittedAtMs: Date.parse(job.created_at), startedAtMs };
    }
  };
  const started: Subject['started'] = (tenant) =>
    Promise.all(
      submitted.filter((job) => tenant === undefined || job.tenant === tenant).map(startedOf),
    );
  return { queue, submit, started };
}

function fifoSubject(queue: Queue): Subject {
  const submitted: { id: string; tenant: string }[] = [];
  const startedOf = async ({ id, tenant }: { id: string; tenant: string }) => {
    for (;;) {
      const job = await queue.getJob(id);
      if (!job?.finishedOn) {
        await sleep(100);
        continue;
      }
      const cost = (job.data.messages[0].content.length as number) / 5;
      const startedAtMs = job.processedOn ?? 0;
      return { tenant, cost, submittedAtMs: job.timestamp, startedAtMs };
    }
  };
  return {
    queue,
    async submit(tenant, words) {
      const data = { model: 'sim-chat', ...promptOf(words), metadata: { tenant } };
      const { id } = await queue.add('chat', data, { attempts: 10, backoff: { type: 'custom' } });
      submitted.push({ id: id ?? '', tenant });
    },
    started: (tenant) =>
      Promise.all(
        submitted.filter((job) => tenant === undefined || job.tenant === tenant).map(startedOf),
      ),
  };
}

function report(found: Record<'sluice' | 'fifo', Fairness>, size: Size): BenchReport {
  const row = (name: string, { victimWait, jain, splitGain }: Fairness) => ({
    name,
    cells: [victimWait.toFixed(1), jain.toFixed(3), (100 * splitGain).toFixed(1)],
  });
  return {
    name: 'fairness',
    title:
      `${concurrency} slots of ${serviceMs} ms: one job behind ${size.backlog} of another tenant, ` +
      `then ten tenants with ${size.perTenant} jobs of mixed sizes each, the first with ${size.keys} keys`,
    columns: ['victim waits (services)', 'Jain', 'gain by many keys %'],
    rows: [row('Sluice', found.sluice), row('plain FIFO', found.fifo)],
    verdict: {
      metric: 'Jain index of Sluice',
      value: found.sluice.jain,
      target: { atLeast: 0.95 },
    },
    measured: found,
  };
}
