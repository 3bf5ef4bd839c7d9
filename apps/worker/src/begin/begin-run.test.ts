import { heartbeatKey, heartbeatTtlMs, type HeldTicket } from '@sluice/contracts';
import { Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { beginRun } from './begin-run.ts';
import type { RunJobDeps } from '../run-job-deps.ts';
import { watchWorkerLife } from '../upkeep/worker-life.ts';

const timeoutMs = 60_000;

/** A job that a run of worker a has. */
async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const lane = { name: 'sim', buckets: [], concurrency: undefined };
  const shard = (id: string) => shardOf(id) ?? 0;
  const lanes = new Lanes({ redis, root, shards: 1, lanes: [lane], shardOf: shard, clock });
  onTestFinished(() => lanes.close());
  const workerLife = watchWorkerLife({ redis, root, clock });
  const jobId = records.newJobId();
  await records.accept({
    jobId,
    tenantId: 'default',
    type: 'chat',
    model: 'chat',
    input: { messages: [{ role: 'user', content: 'hello' }] },
    priority: 'normal',
    lane: 'sim',
    createdAtMs: clock.now(),
    startByMs: clock.now() + 600_000,
    deadlineMs: clock.now() + 600_000,
    attemptTimeoutMs: timeoutMs,
    cacheMode: 'default',
  });
  const runs: RunJobDeps['runs'] = new Map();
  const begin = (workerId: string, number = 1) => {
    const run = `${workerId}.${clock.now()}.${number}`;
    const ticket = { jobId, tenantId: 'default', type: 'chat', model: 'chat', attempt: 1, run };
    // The literal's type is one of the job types.
    const deps = { clock, lane: 'sim', lanes, records, runs, workerLife };
    return beginRun(ticket as HeldTicket, deps);
  };
  await begin('worker_a');
  const beat = () => redis.set(heartbeatKey(root, 'worker_a'), '{}', 'PX', heartbeatTtlMs);
  return { redis, clock, begin, beat, runs };
}

test('a job whose worker lives is left to it, and its ticket looks again soon', async () => {
  const { begin, beat } = await setUp();
  await beat();
  expect(await begin('worker_b')).toMatchObject({ kind: 'held', outcome: { kind: 'held' } });
});

test('a job whose worker is silent is taken over, and counts an interruption', async () => {
  const { begin } = await setUp();
  expect(await begin('worker_b')).toMatchObject({ kind: 'run', record: { interruptions: 1 } });
});

test('nobody is taken for dead in the seconds after Redis came back', async () => {
  const { redis, clock, begin } = await setUp();
  redis.emit('ready');
  expect(await begin('worker_b')).toMatchObject({ kind: 'held' });
  await clock.advance(3_001);
  expect(await begin('worker_b')).toMatchObject({ kind: 'run' });
});

test('a run far older than its call may be is taken over though its worker lives', async () => {
  const { clock, begin, beat } = await setUp();
  await beat();
  await clock.advance(timeoutMs + 60_001);
  expect(await begin('worker_b')).toMatchObject({ kind: 'run' });
});

test('a worker knows of its own runs: one that is over is taken over at once, one under way is left alone', async () => {
  const { clock, begin, beat, runs } = await setUp();
  await beat();
  runs.set(`worker_a.${clock.now()}.1`, 'begun');
  expect(await begin('worker_a', 2)).toMatchObject({ kind: 'held' });
  runs.clear();
  expect(await begin('worker_a', 3)).toMatchObject({ kind: 'run', record: { interruptions: 1 } });
});
