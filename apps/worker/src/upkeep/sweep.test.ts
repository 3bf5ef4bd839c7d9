import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createBlobStore, createFileStore } from '@sluice/batches';
import type { JobRequest } from '@sluice/contracts';
import { Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { sweep } from './sweep.ts';

const minute = 60_000;

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: minute, idempotencyTtlMs: minute };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const lane = { name: 'sim', buckets: [], concurrency: undefined };
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [lane],
    shardOf: (id) => shardOf(id) ?? 0,
    clock,
  });
  onTestFinished(() => lanes.close());
  const files = createFileStore({
    redis,
    root,
    shards: 1,
    clock,
    seals: undefined,
    maxFileBytes: 1_000,
    blobs: createBlobStore({ kind: 'disk', folder: join(tmpdir(), root) }),
  });
  const log = createLogger({ name: 'test', level: 'silent' });
  const deps = { records, lanes, files, clock, log };
  const accept = async (changes: Partial<JobRequest> = {}) => {
    const request: JobRequest = {
      jobId: records.newJobId(),
      tenantId: 'default',
      type: 'chat',
      model: 'chat',
      input: { messages: [{ role: 'user', content: 'hello' }] },
      priority: 'normal',
      lane: 'sim',
      createdAtMs: clock.now(),
      startByMs: clock.now() + 10 * minute,
      deadlineMs: clock.now() + 60 * minute,
      attemptTimeoutMs: minute,
      cacheMode: 'default',
      ...changes,
    };
    await records.accept(request);
    return request.jobId;
  };
  return { records, lanes, clock, accept, sweepNow: () => sweep(0, deps) };
}

test('a job whose API died before it added the ticket gets one, in its own lane and run', async () => {
  const { records, lanes, clock, accept, sweepNow } = await setUp();
  const fresh = await accept();
  await sweepNow();
  expect(await lanes.ticketState('sim', { jobId: fresh, attempt: 1 })).toBe('missing');

  await clock.advance(31_000);
  await sweepNow();
  expect(await lanes.ticketState('sim', { jobId: fresh, attempt: 1 })).toBe('live');

  const fallen = await accept();
  await records.begin(fallen);
  await records.requeue(fallen, { targetIndex: 1, lane: 'sim' });
  await clock.advance(31_000);
  await sweepNow();
  expect(await lanes.ticketState('sim', { jobId: fallen, attempt: 2 })).toBe('live');
});

test('a job that has a ticket is left alone and looked at again later', async () => {
  const { records, lanes, clock, accept, sweepNow } = await setUp();
  const jobId = await accept();
  const ticket = { jobId, tenantId: 'default', type: 'chat', model: 'chat', attempt: 1 } as const;
  await lanes.add({ ticket, lane: 'sim', priority: 'normal' });
  await clock.advance(31_000);
  await sweepNow();
  expect((await lanes.counts())[0]).toMatchObject({ waiting: 1 });
  expect(await records.due(0, 10)).toEqual([]);
});

test('a queued job whose time to start has passed ends as expired, one that was tried does not', async () => {
  const { records, clock, accept, sweepNow } = await setUp();
  const late = await accept({ startByMs: clock.now() + minute });
  const tried = await accept({ startByMs: clock.now() + minute });
  await records.begin(tried);
  const attempt = {
    number: 1,
    provider: 'p',
    model: 'm',
    started_at_ms: clock.now(),
    ended_at_ms: clock.now(),
    outcome: 'failed',
  } as const;
  await records.requeue(tried, { attempt });
  await clock.advance(minute);
  await sweepNow();
  expect(await records.read(late)).toMatchObject({ state: 'expired', error: { code: 'expired' } });
  expect(await records.read(tried)).toMatchObject({ state: 'queued' });
});

test('a delayed job without a ticket gets one aside before its time and one in its lane after it', async () => {
  const { lanes, clock, accept, sweepNow } = await setUp();
  const runAtMs = clock.now() + 5 * minute;
  const jobId = await accept({ runAtMs, startByMs: runAtMs + minute });
  await clock.advance(31_000);
  await sweepNow();
  expect(await lanes.ticketState('scheduled', { jobId, attempt: 1 })).toBe('live');
  expect(await lanes.ticketState('sim', { jobId, attempt: 1 })).toBe('missing');

  await lanes.remove('scheduled', { jobId, attempt: 1 });
  await clock.advance(5 * minute);
  await sweepNow();
  expect(await lanes.ticketState('sim', { jobId, attempt: 1 })).toBe('live');
});

test('a job whose deadline has passed is expired in any state, in progress only when its worker has not', async () => {
  const { records, lanes, clock, accept, sweepNow } = await setUp();
  const deadlineMs = clock.now() + minute;
  const [queued, running, paused] = await Promise.all([1, 2, 3].map(() => accept({ deadlineMs })));
  const attempt = {
    number: 1,
    provider: 'p',
    model: 'm',
    started_at_ms: 0,
    ended_at_ms: 1,
  } as const;
  await records.begin(queued ?? '');
  await records.requeue(queued ?? '', { attempt: { ...attempt, outcome: 'failed' } });
  await records.begin(running ?? '');
  await records.begin(paused ?? '');
  await records.storeUpstream(paused ?? '', {
    provider: 'p',
    state: 'started',
    sent_at_ms: clock.now(),
    user: 'u',
    task_id: 't',
  });
  await records.pause(paused ?? '', true);
  await clock.advance(minute);
  await sweepNow();
  const shown = { state: 'expired', error: { code: 'expired', param: 'timeout_seconds' } };
  expect(await records.read(queued ?? '')).toMatchObject(shown);
  expect(await records.read(paused ?? '')).toMatchObject(shown);
  expect(await records.read(running ?? '')).toMatchObject({ state: 'in_progress' });
  // Whoever takes this ticket stops the run.
  expect(await lanes.ticketState('sim', { jobId: paused ?? '', attempt: 1 })).toBe('live');
  await clock.advance(minute);
  await sweepNow();
  expect(await records.read(running ?? '')).toMatchObject(shown);
});

test('a batch that was fed is left to its children, whose deadlines are its own', async () => {
  const { records, clock, accept, sweepNow } = await setUp();
  const messages = [{ role: 'user' as const, content: 'hello' }];
  const input = { requests: [{ type: 'chat' as const, model: 'chat', input: { messages } }] };
  const jobId = await accept({ type: 'batch', input, deadlineMs: clock.now() + minute });
  await records.begin(jobId);
  await clock.advance(10 * minute);
  await sweepNow();
  expect(await records.read(jobId)).toMatchObject({ state: 'in_progress' });
});
