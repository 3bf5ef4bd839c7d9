import { loadConfig } from '@sluice/config';
import type { JobRequest } from '@sluice/contracts';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { wireWorker } from '../wire-worker.ts';
import { answerUnplaced } from './answer-unplaced.ts';

const log = createLogger({ name: 'test', level: 'silent' });

async function setUp() {
  const { redis, root } = await testRedis();
  const budgets = { 'tenant:acme': { daily_usd: 1 } };
  const config = { ...loadConfig({ env: {}, cwd: '/nonexistent' }), root, budgets };
  const deps = wireWorker(config, redis, log);
  onTestFinished(async () => {
    await deps.lanes.close();
    await deps.http.dispatcher.close();
  });
  await deps.budgets.refresh();
  let last = 0;
  const spend = async (costUsd: string) => {
    const entry = { jobId: 'job_1', call: 1, atMs: systemClock.now(), tenantId: 'acme' } as const;
    const made = { type: 'chat', name: 'sim-chat', provider: 'p', model: 'm' } as const;
    const entries = [{ ...entry, ...made, outcome: 'succeeded', costUsd, durationMs: 1 } as const];
    const fromId = await deps.budgets.spentUpTo(0);
    await deps.budgets.spend({ shard: 0, fromId, toId: `${(last += 1)}-0`, entries });
    await deps.budgets.refresh();
  };
  const job = (change: Partial<JobRequest> = {}): JobRequest => ({
    jobId: deps.records.newJobId(),
    tenantId: 'acme',
    type: 'chat',
    model: 'sim-chat',
    input: { messages: [{ role: 'user', content: 'Hello' }] },
    priority: 'low',
    lane: 'simulator',
    createdAtMs: systemClock.now(),
    startByMs: systemClock.now() + 60_000,
    deadlineMs: systemClock.now() + 60_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'bypass',
    ...change,
  });
  return { spend, job, answer: (asked: JobRequest) => answerUnplaced(asked, deps) };
}

test('a request of a batch whose payer has spent all of a budget ends without a turn in its lane, and no other does', async () => {
  const { spend, job, answer } = await setUp();
  expect(await answer(job())).toBeUndefined();
  await spend('0.999999');
  expect(await answer(job())).toBeUndefined();
  await spend('0.000001');
  expect(await answer(job())).toEqual({
    state: 'failed',
    error: expect.objectContaining({
      code: 'budget_exceeded',
      message: expect.stringContaining('the daily budget of tenant acme is spent'),
    }),
  });
  expect(await answer(job({ tenantId: 'other' }))).toBeUndefined();
});

test('what the cache may still answer in its turn waits for it', async () => {
  const { spend, job, answer } = await setUp();
  await spend('1');
  expect(await answer(job({ sessionId: 'talk' }))).toBeUndefined();
  const cached = { cacheMode: 'default', cacheChoice: { ttlMs: 60_000 } } as const;
  expect(await answer(job(cached))).toMatchObject({ error: { code: 'budget_exceeded' } });
  const choice = { ...cached.cacheChoice, strategy: 'semantic' } as const;
  expect(await answer(job({ ...cached, cacheChoice: choice }))).toBeUndefined();
});
