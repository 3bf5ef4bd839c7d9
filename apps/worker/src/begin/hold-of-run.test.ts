import { createRecords } from '@sluice/records';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import type { RunJobDeps } from '../run-job-deps.ts';
import { holdOfRun } from './hold-of-run.ts';

const run = 'worker_a.1.1';

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const jobId = records.newJobId();
  const now = clock.now();
  await records.accept({
    jobId,
    tenantId: 'default',
    type: 'chat',
    model: 'chat',
    input: { messages: [{ role: 'user', content: 'hello' }] },
    priority: 'normal',
    lane: 'sim',
    createdAtMs: now,
    startByMs: now + 60_000,
    deadlineMs: now + 60_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'default',
  });
  const runs: RunJobDeps['runs'] = new Map();
  const hold = () => holdOfRun({ jobId, run }, { records, runs });
  return { records, jobId, runs, hold };
}

test('a run that has not heard of its begin is not told that its job is another’s', async () => {
  const { records, jobId, runs, hold } = await setUp();
  runs.set(run, 'taken');
  expect(await records.holdOf(jobId, run)).toBe('lost');
  expect(await hold()).toBe('held');
});

test('a run that has begun is told that its job was ended or taken over', async () => {
  const { records, jobId, runs, hold } = await setUp();
  await records.begin(jobId, { run });
  runs.set(run, 'begun');
  expect(await hold()).toBe('held');
  const error = { code: 'cancelled', message: 'over', retryable: false } as const;
  await records.finish(jobId, { state: 'cancelled', error }, 'evt_1');
  expect(await hold()).toBe('ended');
  runs.set('worker_b.1.1', 'begun');
  expect(await holdOfRun({ jobId, run: 'worker_b.1.1' }, { records, runs })).toBe('lost');
});
