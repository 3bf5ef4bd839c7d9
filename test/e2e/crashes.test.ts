import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '@sluice/contracts';
import { Redis } from 'ioredis';
import { waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, test, type ExpectStatic } from 'vitest';

import {
  defaultConfig,
  launchStack,
  startStack,
  type Reply,
  type Stack,
} from '../support/start-stack.ts';

const chat = (content: string) => ({
  type: 'chat',
  model: 'chat',
  input: { messages: [{ role: 'user', content }] },
});

/** One client that submits without a pause until `signal` aborts; what it was answered goes into `replies`. */
async function submitUntil(signal: AbortSignal, stack: Stack, replies: Reply[]): Promise<void> {
  while (!signal.aborted) {
    const reply = await stack.request('POST', '/v1/jobs', chat(`load ${randomUUID()}`));
    replies.push(reply);
    if (reply.status !== 202) await sleep(50);
  }
}

function acceptedOf(replies: readonly Reply[]): string[] {
  return replies
    .filter(({ status }) => status === 202)
    .map(({ body }) => (body as { id: string }).id);
}

/**
 * A lock lives 10 s and is looked after every 5 s: a killed worker's jobs run again within 15 s. The tests that wait for
 * that do it together, each on a stack of its own.
 */
const takeoverMs = 25_000;

describe.concurrent('a worker killed with work under way', () => {
  let launched: Awaited<ReturnType<typeof killWithWork>>;
  beforeAll(async () => {
    launched = await killWithWork();
  });
  afterAll(() => launched.stop());

  test('has its chat finished by another one', async ({ expect }) => {
    const { stack, jobs } = launched;
    const job = await stack.ended(jobs.interrupted.id, takeoverMs);
    expect(job.state).toBe('completed');
    expect(job.timeline?.map(({ type }) => type)).toContain('interrupted');
    const calls = (await stack.simulator.calls('chat')).filter(({ fault }) => fault === null);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['aborted', 'bought']);
  }, 90_000);

  test('has its Dify run attached to, never started twice', async ({ expect }) => {
    const { stack, jobs } = launched;
    const job = await stack.ended(jobs.attached.id, takeoverMs);
    expect(job).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    const starts = (await stack.simulator.calls('workflow')).filter(
      ({ method }) => method === 'POST',
    );
    expect(starts).toHaveLength([jobs.attached, jobs.cancelled, jobs.late].length);
  }, 90_000);

  test('has Dify runs stopped whose jobs ended while none lived, and what they took is booked once', async ({
    expect,
  }) => {
    const { stack } = launched;
    const jobs = [launched.jobs.cancelled, launched.jobs.late];
    const all = () => Promise.all(jobs.map(({ id }) => readJob(stack, id)));
    const attempts = async () => (await all()).map((job) => job.attempts.length);
    await expect.poll(attempts, { timeout: takeoverMs + 10_000, interval: 250 }).toEqual([1, 1]);
    const ended = await all();
    expect(ended.map(({ state }) => state)).toEqual(['cancelled', 'expired']);
    const runs = (await stack.simulator.calls('workflow'))
      .filter(({ paid }) => paid)
      // The first is the one that is attached to.
      .slice(1);
    expect(runs.map(({ runStatus }) => runStatus)).toEqual(['stopped', 'stopped']);
    const taken = ended.map(({ usage }) => usage?.total_tokens ?? 0);
    expect(Math.min(...taken)).toBeGreaterThan(0);
    expect(taken).toEqual(
      runs.map(({ inputTokens, outputTokens }) => (inputTokens ?? 0) + (outputTokens ?? 0)),
    );
    const ids = jobs.map(({ id }) => id);
    const booked = (await readLedger(stack)).filter(({ job_id }) => ids.includes(job_id));
    expect(booked.map(({ job_id }) => job_id).toSorted()).toEqual(ids.toSorted());
  }, 90_000);

  test('has a call that was cancelled when it was dead already in the ledger, once', async ({
    expect,
  }) => {
    const { stack, jobs } = launched;
    const booked = async () =>
      (await readLedger(stack)).filter(({ job_id }) => job_id === jobs.cut.id);
    await expect
      .poll(booked, { timeout: takeoverMs + 10_000, interval: 250 })
      .toMatchObject([{ outcome: 'interrupted' }]);
  }, 90_000);
});

/** Work of each kind that is under way when its worker is killed; two jobs are cancelled before another worker comes. */
async function killWithWork() {
  const { stack, stop } = await launchStack({ workers: 1 });
  const words = { chunkDelayMs: 100, chunks: 50 };
  const flow = { type: 'workflow', app: 'flow', input: { inputs: { query: 'some words' } } };
  const until = async (type: string, count: number, ids: readonly string[]) =>
    await waitFor(
      async () => {
        const jobs = await Promise.all(ids.map((id) => readJob(stack, id)));
        return jobs.every(
          ({ timeline = [] }) => timeline.filter((event) => event.type === type).length >= count,
        );
      },
      { timeoutMs: 15_000, intervalMs: 100, description: `${count} × ${type}` },
    );
  // A run keeps what it began with.
  await stack.simulator.behaviour({ ...words, dify: { nodeDelayMs: 700, nodes: 5 } });
  const attached = await stack.submit(flow);
  await until('node_started', 1, [attached.id]);
  await stack.simulator.behaviour({ ...words, dify: { nodeDelayMs: 500, nodes: 100 } });
  const cancelled = await stack.submit(flow);
  const late = await stack.submit({ ...flow, timeout_seconds: 8 });
  const match = { bodyIncludes: 'cut by nobody' };
  await stack.simulator.fault({ match, times: 1, fault: { kind: 'hang' } });
  await until('node_finished', 2, [cancelled.id, late.id]);
  const cut = await stack.submit(chat('cut by nobody'));
  const interrupted = await stack.submit(chat('interrupted'));
  await waitFor(async () => (await stack.simulator.calls('chat')).length === 2);
  stack.workers[0]?.kill('SIGKILL');
  for (const { id } of [cancelled, cut]) {
    const { status } = await stack.request('POST', `/v1/jobs/${id}/cancel`);
    if (status !== 200) throw new Error(`${id} was not cancelled: ${status}`);
  }
  await stack.addWorker();
  return { stack, stop, jobs: { attached, cancelled, late, cut, interrupted } };
}

async function readJob(stack: Stack, id: string): Promise<JobView> {
  // The API's own reply.
  return (await stack.request('GET', `/v1/jobs/${id}?include=timeline`)).body as JobView;
}

/** One line of JSON for each call; a ledger of one line is parsed already. */
async function readLedger(stack: Stack): Promise<{ job_id: string; outcome: string }[]> {
  const { body } = await stack.request('GET', '/v1/usage/ledger');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as { job_id: string; outcome: string });
}

test.concurrent('a worker killed after the provider’s reply: the job is complete and nothing is bought again', async ({
  expect,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 0 }, onTestFinished);
  const crashing = await stack.addWorker({
    file: 'test/support/crashing-worker.ts',
    environment: { CRASH_AT: 'finish' },
  });
  const { id } = await stack.submit(chat('bought once'));
  await crashing.exited;
  const job = await stack.ended(id);
  expect(job.state).toBe('completed');

  const worker = await stack.addWorker();
  // The ticket comes back when its lock is stale, and is dropped: the lane is empty again.
  await expect
    .poll(async () => (await stack.request('GET', '/metrics')).body, {
      timeout: takeoverMs,
      interval: 500,
    })
    .toMatch(/sluice_lane_tickets\{lane="openai",state="active"\} 0/);
  expect(await stack.simulator.calls('chat')).toHaveLength(1);
  expect(await stack.ended(id)).toEqual(job);
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
}, 90_000);

test.concurrent('nothing is left of slots, windows and reservations after a cancel, a time-out, a kill and a drain', async ({
  expect,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 0, config: withEveryLimit }, onTestFinished);
  await stack.request('POST', '/v1/budgets', { scope: 'tenant', id: 'default', daily_usd: 100 });
  const dying = await stack.addWorker();
  await stack.simulator.fault({ times: 4, fault: { kind: 'hang' } });
  const [cancelled, late, killed] = await Promise.all([
    stack.submit(chat('to be cancelled')),
    stack.submit({ ...chat('too slow'), attempt_timeout_seconds: 0.5 }),
    stack.submit(chat('survives its worker')),
  ]);
  const calls = (count: number) =>
    expect
      .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 30_000 })
      .toBe(count);
  await calls(3);
  await cancel(stack, cancelled.id, expect);
  expect(await stack.ended(late.id)).toMatchObject({ error: { code: 'upstream_timeout' } });
  // What the worker has cut is settled, once it is counted: only the call that it dies with is left.
  const names = { [cancelled.id]: 'cancelled', [late.id]: 'late', [killed.id]: 'killed' };
  await expect
    .poll(() => held(stack, names), { timeout: 30_000, interval: 250 })
    .toMatchObject({
      slots: 1,
      tickets: ['killed'],
      reservations: ['killed'],
      budgets: expect.not.stringMatching(/^0$/),
    });
  dying.kill('SIGKILL');
  // Its next call hangs too, and outlasts the grace of the worker that makes it.
  const drained = await stack.addWorker();
  await calls(4);
  drained.kill('SIGTERM');
  // How fast it does that is measured where nothing runs beside it.
  await drained.exited;
  await stack.addWorker();
  expect(await stack.ended(killed.id, 30_000)).toMatchObject({ state: 'completed' });

  // All slots are there again: three new calls run at once.
  await stack.simulator.behaviour({ latencyMs: 300, firstByteMs: 300 });
  const jobs = await Promise.all(
    Array.from({ length: 6 }, (_, i) => stack.submit(chat(`after ${i}`))),
  );
  for (const { id } of jobs) expect(await stack.ended(id)).toMatchObject({ state: 'completed' });
  // The lease of the killed worker's call may end after all of them.
  await expect
    .poll(() => held(stack), { timeout: 20_000, interval: 250 })
    .toEqual({
      slots: 0,
      used: [0, 0],
      tickets: [],
      permits: [],
      reservations: [],
      budgets: '0',
      loads: [],
    });
}, 120_000);

/**
 * Cancels a job that runs. A busy machine may keep Redis from answering: 503 asks to come back, and what was done by then has the
 * next answer be 409.
 */
async function cancel(stack: Stack, id: string, expect: ExpectStatic): Promise<void> {
  const statuses: number[] = [];
  await expect
    .poll(async () => {
      const { status } = await stack.request('POST', `/v1/jobs/${id}/cancel`);
      statuses.push(status);
      return status;
    })
    .not.toBe(503);
  expect(statuses.at(-1)).toBeOneOf(statuses.length === 1 ? [200] : [200, 409]);
  expect(await stack.ended(id)).toMatchObject({ state: 'cancelled' });
}

/** Windows, slots of the lane and of each tenant, and a worker that gives its calls back after a second. */
function withEveryLimit(addresses: { simulatorUrl: string }): Record<string, unknown> {
  const whole = defaultConfig(addresses);
  const providers = whole['providers'] as Record<string, object>;
  const buckets = [
    { unit: 'requests', limit: 100, windowSeconds },
    { unit: 'tokens', limit: 1_000_000, windowSeconds },
  ];
  const limits = { concurrency: 3, pacing: 'burst', buckets, perTenant: { concurrency: 3 } };
  return {
    ...whole,
    providers: { ...providers, openai: { ...providers['openai'], limits } },
    retry: { maxAttempts: 1 },
    worker: { graceSeconds: 1 },
  };
}

/** So long counts what a killed worker's call was charged: nobody knows whether it was made. */
const windowSeconds = 5;

/** What `GET /v1/limits`, `GET /v1/budgets` and Redis say is held for calls and jobs, which `names` has by their ids. */
async function held(stack: Stack, names: Readonly<Record<string, string>> = {}) {
  const limits = (await stack.request('GET', '/v1/limits')).body as {
    data: { id: string; concurrency: { in_flight: number }; buckets: { used: number }[] }[];
  };
  const budgets = (await stack.request('GET', '/v1/budgets')).body as {
    data: { reserved_usd: string }[];
  };
  const lane = limits.data.find(({ id }) => id === 'openai');
  return {
    slots: lane?.concurrency.in_flight,
    used: lane?.buckets.map(({ used }) => used),
    budgets: budgets.data[0]?.reserved_usd,
    ...(await heldInRedis(stack, (id) => names[id] ?? id)),
  };
}

/**
 * Tickets that are worked on, permits whose leases of lane or tenant have not ended, what is set aside in budgets, and what
 * tenants have queued or running.
 */
async function heldInRedis(stack: Stack, nameOf: (id: string) => string) {
  const redis = new Redis(stack.redis.url);
  try {
    const keys = await redis.keys('*');
    const ending = (end: string) => keys.filter((key) => key.endsWith(end));
    const leasesOf = async (found: string[]) => {
      const live = found.map((key) => redis.zrangebyscore(key, Date.now(), '+inf'));
      return [...new Set((await Promise.all(live)).flat())];
    };
    const active = ending(':openai:active').map((key) => redis.lrange(key, 0, '-1'));
    return {
      tickets: (await Promise.all(active)).flat().map(nameOf),
      permits: await leasesOf(ending(':leases')),
      reservations: (await leasesOf(ending('/leases'))).map(nameOf),
      loads: ending('/loads'),
    };
  } finally {
    redis.disconnect();
  }
}

test('Redis killed and restarted under load: every accepted job completes', async ({ expect }) => {
  const stack = await startStack({ workers: 2, appendOnly: true });
  await stack.simulator.behaviour({ latencyMs: 5, firstByteMs: 5 });
  const load = new AbortController();
  const replies: Reply[] = [];
  const clients = Array.from({ length: 8 }, () => submitUntil(load.signal, stack, replies));
  const moreAccepted = async () => {
    const before = acceptedOf(replies).length;
    await expect
      .poll(() => acceptedOf(replies).length - before, { timeout: 20_000 })
      .toBeGreaterThan(50);
  };
  for (let kill = 0; kill < 2; kill += 1) {
    await moreAccepted();
    await stack.redis.kill();
    await sleep(500);
    await stack.redis.restart();
  }
  await moreAccepted();
  load.abort();
  await Promise.all(clients);
  const refused = replies.filter(({ status }) => status !== 202);
  expect(refused.every(({ status, headers }) => status === 503 && headers.has('retry-after'))).toBe(
    true,
  );
  const accepted = acceptedOf(replies);
  for (const id of accepted) expect((await stack.ended(id, 40_000)).state).toBe('completed');
  // Nothing was bought twice: one complete call for each job that Redis acknowledged or half-acknowledged.
  const bought = await stack.simulator.calls('chat');
  const bodies = bought
    .filter(({ outcome }) => outcome === 'bought')
    .map(({ bodySha256 }) => bodySha256);
  expect(new Set(bodies).size).toBe(bodies.length);
}, 120_000);
