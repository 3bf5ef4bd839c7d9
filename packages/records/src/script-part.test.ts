import { systemClock, type LuaPart } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed } from './fixtures.ts';

const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };

async function setUp() {
  const { redis, root } = await testRedis();
  const records = createRecords({ redis, root, shards: 1, config, clock: systemClock });
  const key = `{${root}:0}/placed`;
  /** Counts its runs and returns rank 7, or fails. */
  const part = (last = 'return 7'): LuaPart => ({
    source: `redis.call('INCRBY', KEYS[1], ARGV[1])\nredis.call('PEXPIRE', KEYS[1], 60000)\n${last}`,
    keys: [key],
    args: [1],
  });
  return { redis, records, part, runs: async () => Number(await redis.get(key)) };
}

test('a job and its ticket are made together, once', async () => {
  const { records, part, runs } = await setUp();
  const jobId = records.newJobId();
  const request = chatRequest(jobId, systemClock.now());
  expect(await records.accept(request, undefined, part())).toEqual({ kind: 'created' });
  expect(await records.accept(request, undefined, part())).toEqual({ kind: 'created' });
  expect(await runs()).toBe(1);
  await records.finish(jobId, completed(), 'evt_1');
});

test('a ticket that cannot be placed leaves no record behind', async () => {
  const { records, part } = await setUp();
  const jobId = records.newJobId();
  const request = chatRequest(jobId, systemClock.now());
  const failing = part(`return redis.call('LPUSH', KEYS[1], 'x')`);
  await expect(records.accept(request, undefined, failing)).rejects.toThrow(/WRONGTYPE/);
  expect(await records.read(jobId)).toBeUndefined();
});

test('the children of a batch fed twice get one ticket each', async () => {
  const { records, part, runs } = await setUp();
  const batchId = records.newJobId();
  const now = systemClock.now();
  await records.accept(batchRequest(batchId, now, 3));
  const children = childRequests(batchId, now, 3);
  await records.acceptChildren(children.slice(0, 2), () => part());
  await records.acceptChildren(children, () => part());
  expect(await runs()).toBe(3);
  for (const { jobId } of children) await records.finish(jobId, completed(), `evt_${jobId}`);
  await records.finish(batchId, completed(), 'evt_batch');
});

test('the beginning of a job hands the rank of its ticket over', async () => {
  const { records, part, runs } = await setUp();
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, systemClock.now()), undefined, part());
  const started = part(`redis.call('INCRBY', KEYS[1], 10 * ...)`);
  expect(await records.begin(jobId, { targetIndex: 0, started })).toMatchObject({ kind: 'run' });
  expect(await runs()).toBe(1 + 1 + 70);
  await records.finish(jobId, completed(), 'evt_1');
});

test('a job falls back only while it runs, and its new ticket comes with that', async () => {
  const { records, part, runs } = await setUp();
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, systemClock.now()));
  await records.begin(jobId);
  expect(await records.requeue(jobId, { targetIndex: 1, lane: 'other', ticket: part() })).toBe(
    true,
  );
  expect(await runs()).toBe(1);
  await records.finish(jobId, completed(), 'evt_1');
  expect(await records.requeue(jobId, { targetIndex: 2, ticket: part() })).toBe(false);
  expect(await runs()).toBe(1);
});

test('a job that is due gets its ticket and its rank, unless it has a ticket or has gone on', async () => {
  const { records, part, runs } = await setUp();
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, systemClock.now()));
  expect(await records.release(jobId, part('return 0'))).toBe(false);
  expect(await records.release(jobId, part())).toBe(true);
  expect((await records.timeline(jobId)).map(({ type }) => type)).toEqual(['queued', 'due']);
  expect(await runs()).toBe(2);

  const started = part(`redis.call('INCRBY', KEYS[1], 10 * ...)`);
  await records.begin(jobId, { targetIndex: 0, started });
  expect(await runs()).toBe(2 + 1 + 70);
  expect(await records.release(jobId, part())).toBe(false);
  await records.finish(jobId, completed(), 'evt_1');
  expect(await records.release(jobId, part())).toBe(false);
  expect(await records.release(records.newJobId(), part())).toBe(false);
  expect(await runs()).toBe(73);
});
