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
/** Each has a single job behind the backlog of the first. */
const victimNames = tenantNames.slice(1, 6);
const warmUp = 100;
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
  /** The longest of five tenants' single jobs behind another's backlog, from its submit to its start, in times of one service. */
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

/** Submits a job of a tenant and returns what tells of it once it has ended. The queue is for pausing it. */
interface Subject {
  queue: Queue;
  submit(tenant: string, words: number): Promise<() => Promise<Started>>;
}

/**
 * Who waits for whom in a lane with 8 slots: single jobs behind another tenant's backlog, and ten equal tenants with jobs of
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
  const made = await sluiceSubject({ stack, queue: ours, url: api.url, keys: size.keys });
  const sluice = await measure(size, stack, made);
  const environment = { QUEUE: 'fair', CONCURRENCY: String(concurrency) };
  await stack.startBare('limited-worker.ts', environment);
  const plain = open('fair');
  const fifo = await measure(size, stack, fifoSubject(plain));
  return report({ sluice, fifo }, size);
}

async function measure(
  size: Size,
  { simulator }: BenchStack,
  { queue, submit }: Subject,
): Promise<Fairness> {
  // Processes that have just started take several times as long for a job.
  await inChunks(warmUp, () => submit('tenant-0', 10));
  await untilEmpty(queue);
  await queue.pause();
  await inChunks(size.backlog, () => submit('tenant-0', 10));
  await queue.resume();
  while ((await queue.getActiveCount()) < concurrency) await sleep(5);
  const victims = await Promise.all(victimNames.map((tenant) => submit(tenant, 10)));
  const waits = await Promise.all(victims.map(async (startOf) => waitOf(await startOf())));
  await simulator.behaviour({ chunks: 1 });
  await untilEmpty(queue);
  await simulator.behaviour(service);

  await queue.pause();
  const starts: (() => Promise<Started>)[] = [];
  for (const tenant of tenantNames) {
    starts.push(
      ...(await inChunks(size.perTenant, (i) => submit(tenant, promptWords[i % 3] ?? 10))),
    );
  }
  await queue.resume();
  await untilEmpty(queue);
  return {
    victimWait: Math.max(...waits),
    ...shares(await inChunks(starts.length, (i) => starts[i]!())),
  };
}

/** In times of one service. */
function waitOf({ submittedAtMs, startedAtMs }: Started): number {
  return (startedAtMs - submittedAtMs) / serviceMs;
}

/** Chunks as from so many clients. */
async function inChunks<Done>(
  count: number,
  act: (index: number) => Promise<Done>,
): Promise<Done[]> {
  const done: Done[] = [];
  for (let begun = 0; begun < count; begun += atOnce) {
    const chunk = Array.from({ length: Math.min(atOnce, count - begun) }, (_, i) => begun + i);
    // oxlint-disable-next-line no-await-in-loop
    done.push(...(await Promise.all(chunk.map(act))));
  }
  return done;
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
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
    return JSON.parse(text) as unknown;
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
  let sent = 0;
  const startOf = async (job: { id: string; tenant: string; words: number }, headers: object) => {
    for (;;) {
      const { ended_at, attempts, created_at } = (await send(
        `/v1/jobs/${job.id}?wait=30`,
        undefined,
        headers,
      )) as JobView;
      if (ended_at === undefined) continue;
      const startedAtMs = attempts[0]?.started_at_ms ?? 0;
      const submittedAtMs = Date.parse(created_at);
      return { tenant: job.tenant, cost: job.words, submittedAtMs, startedAtMs };
    }
  };
  const submit: Subject['submit'] = async (tenant, words) => {
    const own = keys.get(tenant) ?? [];
    const headers = { authorization: `Bearer ${own[(sent += 1) % own.length]}` };
    const body = { type: 'chat', model: 'chat', input: promptOf(words) };
    const { id } = (await send('/v1/jobs', body, headers)) as JobView;
    return () => startOf({ id, tenant, words }, headers);
  };
  return { queue, submit };
}

function fifoSubject(queue: Queue): Subject {
  const startOf = async (id: string, tenant: string) => {
    for (;;) {
      const job = await queue.getJob(id);
      if (job?.finishedOn) {
        const cost = (job.data.messages[0].content.length as number) / 5;
        const startedAtMs = job.processedOn ?? 0;
        return { tenant, cost, submittedAtMs: job.timestamp, startedAtMs };
      }
      await sleep(100);
    }
  };
  return {
    queue,
    async submit(tenant, words) {
      const data = { model: 'sim-chat', ...promptOf(words), metadata: { tenant } };
      const { id } = await queue.add('chat', data, { attempts: 10, backoff: { type: 'custom' } });
      return () => startOf(id ?? '', tenant);
    },
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
      `${concurrency} slots of ${serviceMs} ms: single jobs of five tenants behind ${size.backlog} of another, ` +
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
