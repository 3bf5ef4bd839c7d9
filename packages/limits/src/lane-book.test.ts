import type { Bucket, Lane } from '@sluice/config';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { LaneBook, type LaneInForce } from './lane-book.ts';
import { createLimits } from './limits.ts';
import { overrideLane } from './override-lane.ts';

const minute = 60_000;
const bucket = (unit: Bucket['unit'], limit: number, windowMs = minute): Bucket => ({
  unit,
  limit,
  windowMs,
  pacing: 'smooth',
});
const lane: Lane = { name: 'a', buckets: [bucket('requests', 10)], concurrency: 4 };

/** Books of several processes on the same Redis. */
async function books(count: number) {
  const { redis, root } = await testRedis({ ownedKeys: [/controls$/] });
  const log = createLogger({ name: 'test', level: 'silent' });
  const deps = { redis, root, log, clock: systemClock };
  const made = Array.from({ length: count }, () => {
    const changes: LaneInForce[] = [];
    const onChange = (changed: LaneInForce) => changes.push(changed);
    return { book: new LaneBook({ ...deps, lanes: { a: lane }, onChange }), changes };
  });
  return { made, limits: createLimits(deps), redis, root };
}

test('a pause of one process holds for the others within a second, until it is taken back', async () => {
  const { made, limits } = await books(2);
  const [operator, worker] = made;
  if (!operator || !worker) throw new Error('two books were asked for');
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void worker.book.follow(stop.signal);

  await operator.book.pause('a', 'deploying');
  await waitFor(() => worker.book.lane('a')?.paused !== undefined, { timeoutMs: 1_000 });
  expect(await limits.acquire(worker.book.lane('a') ?? lane, { requests: 1 })).toMatchObject({
    kind: 'denied',
    scope: 'lane',
    limit: 'paused by an operator',
    reason: 'deploying',
  });
  await operator.book.resume('a');
  await waitFor(() => worker.book.lane('a')?.paused === undefined, { timeoutMs: 1_000 });
  expect(worker.changes).toHaveLength(2);
});

test('overrides survive a restart, add up, and are taken back together', async () => {
  const { made } = await books(3);
  const [operator, restarted, last] = made;
  await operator?.book.override('a', { requestsPerMinute: 5 });
  await operator?.book.override('a', { concurrency: null, tokensPerMinute: 900 });
  await restarted?.book.refresh();
  expect(restarted?.book.lane('a')).toMatchObject({
    buckets: [bucket('requests', 5), bucket('tokens', 900)],
    concurrency: undefined,
    overrides: { requestsPerMinute: 5, concurrency: null, tokensPerMinute: 900 },
  });
  await restarted?.book.override('a', {});
  await last?.book.refresh();
  expect(last?.book.lane('a')).toEqual(lane);
});

test('a new configuration changes the lanes there are, under what operators have set', async () => {
  const { made } = await books(1);
  const book = made[0]?.book;
  await book?.override('a', { concurrency: 9 });
  const lanes = { a: { ...lane, buckets: [bucket('requests', 99)] }, b: { ...lane, name: 'b' } };
  expect(book?.replace(lanes)).toEqual(['b']);
  expect(book?.lane('a')).toMatchObject({ buckets: [{ limit: 99 }], concurrency: 9 });
  expect(book?.lane('b')).toBeUndefined();
});

test('a pinned lane keeps its limits under a new configuration, in processes that start later too, until it is unpinned', async () => {
  const { made, redis, root } = await books(1);
  const book = made[0]?.book;
  const tenants = { buckets: [bucket('tokens', 3)], concurrency: 1 };
  await book?.pin('a');
  await book?.override('a', { concurrency: 9 });
  const next = { ...lane, buckets: [bucket('requests', 99)], perTenant: tenants };
  book?.replace({ a: next });
  const log = createLogger({ name: 'test', level: 'silent' });
  const late = new LaneBook({ redis, root, log, clock: systemClock, lanes: { a: next } });
  await late.refresh();
  for (const each of [book, late]) {
    const held = each?.lane('a');
    expect(held).toMatchObject({ buckets: lane.buckets, concurrency: 9 });
    expect(held).toMatchObject({ pinned: { sinceMs: expect.any(Number) } });
    expect(held).not.toHaveProperty('perTenant');
  }
  await book?.unpin('a');
  await late.refresh();
  expect(late.lane('a')).toMatchObject({ buckets: [{ limit: 99 }], perTenant: tenants });
});

test('what another version has written and nobody understands is as if it were not there', async () => {
  const { made, redis, root } = await books(1);
  await redis.hset(`{${root}:limits}:controls`, 'a', '{"paused":7');
  await made[0]?.book.refresh();
  expect(made[0]?.book.lane('a')).toEqual(lane);
});

test('an override of the minute takes Azure’s slices with it', () => {
  const azure: Lane = {
    ...lane,
    profile: 'azure',
    buckets: [bucket('requests', 600), bucket('requests', 10, 1_000), bucket('tokens', 5)],
  };
  const { buckets } = overrideLane(azure, { requestsPerMinute: 300, tokensPerMinute: null });
  expect(buckets).toEqual([bucket('requests', 5, 1_000), bucket('requests', 300)]);
});
