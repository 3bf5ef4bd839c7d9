import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, ended } from './fixtures.ts';

const minute = 60_000;
const a = 'worker_a.1.1';
const b = 'worker_b.2.1';

/** A job in progress, run a's. */
async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: minute, idempotencyTtlMs: minute };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, clock.now()));
  await records.begin(jobId, { run: a });
  return { records, jobId };
}

describe('a job in progress', () => {
  test('is held: another run gets it only by naming the one that it takes over', async () => {
    const { records, jobId } = await setUp();
    expect(await records.begin(jobId, { run: b })).toMatchObject({
      kind: 'held',
      record: { run: a, interruptions: 0 },
    });
    expect(await records.begin(jobId, { run: b, takeOver: 'worker_c.3.1' })).toMatchObject({
      kind: 'held',
    });
    expect(await records.begin(jobId, { run: b, takeOver: a })).toMatchObject({
      kind: 'run',
      record: { run: b, interruptions: 1 },
    });
    expect(await records.holdOf(jobId, a)).toBe('lost');
    expect(await records.holdOf(jobId, b)).toBe('held');
  });

  test('whose begin is sent again by a connection that broke counts no interruption', async () => {
    const { records, jobId } = await setUp();
    expect(await records.begin(jobId, { run: a })).toMatchObject({
      kind: 'run',
      record: { run: a, interruptions: 0 },
    });
  });

  test('is anybody’s once its run is dropped', async () => {
    const { records, jobId } = await setUp();
    await records.drop(jobId, b);
    expect(await records.begin(jobId, { run: b })).toMatchObject({ kind: 'held' });
    await records.drop(jobId, a);
    expect(await records.begin(jobId, { run: b })).toMatchObject({
      kind: 'run',
      record: { interruptions: 1 },
    });
  });
});

describe('a run that was taken over', () => {
  test('requeues, pauses and fails nothing', async () => {
    const { records, jobId } = await setUp();
    await records.begin(jobId, { run: b, takeOver: a });
    expect(await records.requeue(jobId, { run: a })).toBe(false);
    expect(await records.pause(jobId, true, a)).toBe(false);
    expect(await records.finish(jobId, ended('failed'), 'evt_1', { run: a })).toEqual({
      kind: 'refused',
      state: 'in_progress',
    });
    expect(await records.requeue(jobId, { run: b })).toBe(true);
  });

  test('still brings its result, which is paid for', async () => {
    const { records, jobId } = await setUp();
    await records.begin(jobId, { run: b, takeOver: a });
    expect(await records.finish(jobId, completed(), 'evt_1', { run: a })).toEqual({
      kind: 'finished',
    });
  });
});
