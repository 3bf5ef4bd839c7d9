import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createLimits } from '@sluice/limits';
import { createAdapters, createHttpClient } from '@sluice/providers';
import { createLogger, systemClock, type Clock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import type { Plan } from '../begin/plan-job.ts';
import { settlePermit } from '../permit/settle-permit.ts';
import { createWorkerMetrics } from '../worker-metrics.ts';
import { callUpstream } from './call-upstream.ts';

const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'yes' } }],
});

const windowMs = 10_000;

/** An upstream with one limit, and what a worker needs to call it; adapters look at `clock`. */
async function setUp(clock: Clock = systemClock) {
  const arrivals: number[] = [];
  const server = createServer((request, response) => {
    arrivals.push(Date.now());
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const bucket = { unit: 'requests', limit: 5, windowMs, pacing: 'burst' } as const;
  const lane = { name: 'lane', buckets: [bucket], concurrency: undefined };
  const connections = { allowPrivateHosts: ['127.0.0.1'] };
  const deps = {
    clock: systemClock,
    limits: createLimits({ redis, root, clock: systemClock }),
    adapterFor: createAdapters(createHttpClient({ clock, connections })),
    metrics: createWorkerMetrics(),
    log: createLogger({ name: 'test', level: 'silent' }),
    // Only what a call reads.
  } as unknown as Parameters<typeof callUpstream>[2];
  const timeouts = { firstByteMs: 5_000, idleMs: 5_000 };
  const provider = {
    name: 'p',
    kind: 'openai-compatible',
    baseUrl: `http://127.0.0.1:${port}`,
    headers: {},
    options: {},
    timeouts,
  };
  const plan = {
    record: {
      jobId: 'job_1',
      type: 'chat',
      input: { messages: [{ role: 'user', content: 'well?' }] },
      attempts: [],
      createdAtMs: Date.now(),
      attemptTimeoutMs: 10_000,
      deadlineMs: Date.now() + 60_000,
    },
    target: { provider, model: 'm', apiKeys: [], facts: {} },
    lane,
  } as unknown as Plan;
  const permit = async () => {
    const decision = await deps.limits.acquire(lane, { requests: 1 });
    if (decision.kind === 'denied') throw new Error(`denied by ${decision.limit}`);
    return decision.permit;
  };
  const bucketNow = async () => (await deps.limits.status(lane)).buckets[0];
  return { deps, plan, permit, bucket: bucketNow, arrivals };
}

const neverAborted = new AbortController().signal;

/** Holds the whole process up, as a machine without a free core does. */
function stall(ms: number): void {
  const untilMs = Date.now() + ms;
  while (Date.now() < untilMs);
}

test('a worker that is held up between permit and call sends nothing, and the permit is given back', async () => {
  const { deps, plan, permit: ask, bucket, arrivals } = await setUp();
  const permit = await ask();
  stall(permit.sendByMs - Date.now() + 30);
  const outcome = await callUpstream(plan, permit, deps, neverAborted);
  expect(outcome).toMatchObject({ ok: false, error: { code: 'permit_expired' } });
  await settlePermit(plan, permit, outcome, deps);
  expect(arrivals).toEqual([]);
  expect(await bucket()).toMatchObject({ used: 0 });
  // The next permit allows for such a delay.
  const next = await ask();
  expect(next.sendByMs - next.askedAtMs).toBeGreaterThan(permit.sendByMs - permit.askedAtMs);
  expect(await callUpstream(plan, next, deps, neverAborted)).toMatchObject({ ok: true });
  expect(arrivals).toHaveLength(1);
});

test('a call that was held up on its way to the socket is charged until a window after it left', async () => {
  let isHeldUp = false;
  const {
    deps,
    plan,
    permit: ask,
    bucket,
    arrivals,
  } = await setUp({
    ...systemClock,
    // In time when the clock is looked at; then the process stands still, and the call leaves.
    now: () => {
      const nowMs = Date.now();
      if (!isHeldUp) stall(500);
      isHeldUp = true;
      return nowMs;
    },
  });
  const outcome = await callUpstream(plan, await ask(), deps, neverAborted);
  expect(outcome).toMatchObject({ ok: true });
  const [arrivedMs = 0] = arrivals;
  const freeAtMs = async () => (await bucket())?.resetsAtMs;
  await expect.poll(freeAtMs).toBeGreaterThan(arrivedMs + windowMs);
  expect(await bucket()).toMatchObject({ used: 1 });
});
