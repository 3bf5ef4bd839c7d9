import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import { test } from 'vitest';

import {
  defaultConfig,
  startStack,
  type Reply,
  type Stack,
  type StackOptions,
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

/** Calls that hold a slot of the lane, as `GET /v1/limits` tells. */
async function inFlight(stack: Stack): Promise<number | undefined> {
  const { body } = await stack.request('GET', '/v1/limits');
  // The API's own reply.
  const { data } = body as { data: { id: string; concurrency: { in_flight: number } }[] };
  return data.find(({ id }) => id === 'openai')?.concurrency.in_flight;
}

/**
 * A lock lives 10 s and is looked after every 5 s: a killed worker's jobs run again within 15 s. The tests that wait for
 * that do it together, each on a stack of its own.
 */
const takeoverMs = 25_000;

test.concurrent('a worker killed in the middle of a call: another one finishes the job', async ({
  expect,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 1 }, onTestFinished);
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 30 });
  const { id } = await stack.submit(chat('interrupted'));
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 5_000 })
    .toBe(1);
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  const job = await stack.ended(id, takeoverMs);
  expect(job.state).toBe('completed');
  expect(job.timeline?.map(({ type }) => type)).toContain('interrupted');
  const outcomes = (await stack.simulator.calls('chat')).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['aborted', 'bought']);
}, 90_000);

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

test.concurrent('a killed worker’s Dify run is attached to, never started twice', async ({
  expect,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 1 }, onTestFinished);
  await stack.simulator.behaviour({ dify: { nodeDelayMs: 700, nodes: 5 } });
  const { id } = await stack.submit({ type: 'workflow', app: 'flow', input: {} });
  await expect
    .poll(async () => (await stack.request('GET', `/v1/jobs/${id}?include=timeline`)).body, {
      timeout: 5_000,
    })
    .toMatchObject({
      timeline: expect.arrayContaining([expect.objectContaining({ type: 'node_started' })]),
    });
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  const job = await stack.ended(id, takeoverMs);
  expect(job).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
  const starts = (await stack.simulator.calls('workflow')).filter(
    ({ method }) => method === 'POST',
  );
  expect(starts).toHaveLength(1);
}, 90_000);

test.concurrent('a call that was cancelled when its worker was dead already is in the ledger, once', async ({
  expect,
  onTestFinished,
}) => {
  const stack = await startStack({ workers: 1 }, onTestFinished);
  await stack.simulator.fault({ times: 1, fault: { kind: 'hang' } });
  const { id } = await stack.submit(chat('cut by nobody'));
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 10_000 })
    .toBe(1);
  stack.workers[0]?.kill('SIGKILL');
  await stack.request('POST', `/v1/jobs/${id}/cancel`);
  await stack.addWorker();
  // A line of JSON for each call: one is an object.
  const ledger = async () => (await stack.request('GET', '/v1/usage/ledger')).body;
  await expect
    .poll(ledger, { timeout: takeoverMs + 10_000 })
    .toMatchObject({ job_id: id, outcome: 'interrupted' });
}, 90_000);

test.concurrent('no slot is left after cancels, time-outs, a kill and the end of all work', async ({
  expect,
  onTestFinished,
}) => {
  const config: StackOptions['config'] = (addresses) => {
    const whole = defaultConfig(addresses);
    const providers = whole['providers'] as Record<string, object>;
    const openai = { ...providers['openai'], limits: { concurrency: 3 } };
    return { ...whole, providers: { ...providers, openai }, retry: { maxAttempts: 1 } };
  };
  const stack = await startStack({ workers: 1, config }, onTestFinished);
  await stack.simulator.fault({ times: 3, fault: { kind: 'hang' } });
  const [cancelled, late, killed] = await Promise.all([
    stack.submit(chat('to be cancelled')),
    stack.submit({ ...chat('too slow'), attempt_timeout_seconds: 0.5 }),
    stack.submit(chat('survives its worker')),
  ]);
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 10_000 })
    .toBe(3);
  await stack.request('POST', `/v1/jobs/${cancelled.id}/cancel`);
  expect(await stack.ended(late.id)).toMatchObject({ error: { code: 'upstream_timeout' } });
  // What the worker has cut is settled: only the call that it dies with is left.
  await expect.poll(() => inFlight(stack), { timeout: 10_000 }).toBe(1);
  stack.workers[0]?.kill('SIGKILL');
  await stack.addWorker();
  expect(await stack.ended(killed.id, 30_000)).toMatchObject({ state: 'completed' });

  // The slots of the killed worker come back when their leases end: three new calls run at once.
  await stack.simulator.behaviour({ latencyMs: 300, firstByteMs: 300 });
  const jobs = await Promise.all(
    Array.from({ length: 6 }, (_, i) => stack.submit(chat(`after ${i}`))),
  );
  for (const { id } of jobs) expect(await stack.ended(id)).toMatchObject({ state: 'completed' });
  await expect.poll(() => inFlight(stack)).toBe(0);
  // The lease of the killed worker's call may end after all of them.
  await expect.poll(() => reservations(stack), { timeout: 20_000 }).toEqual([]);
}, 90_000);

/**
 * What the limiter and the tenants' loads still hold for a call or a job. A killed worker's permit leaves its record, which
 * holds nothing and ends by its TTL: what the call was charged has to stay, because nobody knows whether it was made.
 */
async function reservations(stack: Stack): Promise<string[]> {
  const redis = new Redis(stack.redis.url);
  try {
    const keys = await redis.keys('*');
    const leases = keys.filter((key) => key.endsWith(':leases'));
    const held = await Promise.all(
      leases.map((key) => redis.zrangebyscore(key, Date.now(), '+inf')),
    );
    const permits = keys.filter((key) => key.includes(':permit:'));
    const kept = keys.filter((key) => key.endsWith('/loads'));
    return [...held.flat(), ...kept, ...permits.slice(1)];
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

test('SIGTERM lets a call in flight finish and exits with 0; queued jobs wait for the next worker', async ({
  expect,
}) => {
  const stack = await startStack({ workers: 1 });
  await stack.simulator.behaviour({ chunkDelayMs: 100, chunks: 10 });
  const { id } = await stack.submit(chat('graceful'));
  await expect
    .poll(async () => (await stack.simulator.calls('chat')).length, { timeout: 5_000 })
    .toBe(1);
  const worker = stack.workers[0];
  worker?.kill('SIGTERM');
  expect(await worker?.exited).toBe(0);
  expect((await stack.ended(id)).state).toBe('completed');
  const later = await stack.submit(chat('later'));
  await stack.addWorker();
  expect((await stack.ended(later.id)).state).toBe('completed');
  expect(await stack.simulator.bought('chat')).toBe(2);
}, 90_000);
