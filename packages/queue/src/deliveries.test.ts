import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { addDelivery, DeliveryWorker, type DeliveryMove } from './deliveries.ts';
import { Lanes } from './lanes.ts';

const log = createLogger({ name: 'test', level: 'silent' });

async function setUp(
  moves: (attempt: number) => DeliveryMove | Promise<DeliveryMove>,
  starts = true,
) {
  const { redis, root } = await testRedis();
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [],
    shardOf: () => 0,
    clock: systemClock,
  });
  const posts: { eventId: string; attempt: number; atMs: number }[] = [];
  const worker = new DeliveryWorker({
    redis,
    root,
    shard: 0,
    concurrency: 5,
    deliver: async ({ eventId }, attempt) => {
      posts.push({ eventId, attempt, atMs: performance.now() });
      return moves(attempt);
    },
    delayBeforeMs: () => 50,
    clock: systemClock,
    log,
  });
  if (starts) worker.start();
  onTestFinished(async () => {
    await worker.close(1_000);
    await lanes.close();
  });
  const add = (eventId: string) =>
    addDelivery(lanes, { eventId, jobId: 'job_a' }, { shard: 0, attempts: 3, ticketId: eventId });
  return { add, posts, worker, lanes };
}

test('tries again after the time it was told, until the receiver takes it', async () => {
  const { add, posts } = await setUp((attempt) =>
    attempt < 3 ? { kind: 'retry', reason: 'HTTP 500', delayMs: 50 } : { kind: 'delivered' },
  );
  await add('evt_a');
  await waitFor(() => posts.length === 3);
  expect(posts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  const [first, second] = posts;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(45);
});

test('stops when the schedule is exhausted or the receiver is gone', async () => {
  const { add, posts } = await setUp(() => ({ kind: 'given_up', reason: 'HTTP 410' }));
  await add('evt_gone');
  await waitFor(() => posts.length === 1);
  await systemClock.sleep(200);
  expect(posts).toHaveLength(1);
});

test('the same event is delivered once, however often the outbox hands it over', async () => {
  const { add, posts } = await setUp(() => ({ kind: 'delivered' }));
  await Promise.all([add('evt_a'), add('evt_a')]);
  await waitFor(() => posts.length === 1);
  await add('evt_a');
  await systemClock.sleep(100);
  expect(posts).toHaveLength(1);
});

test('a delivery that was told to wait comes back, however often, and no attempt is counted', async () => {
  let deferred = 0;
  const { add, posts } = await setUp(() =>
    (deferred += 1) <= 5 ? { kind: 'defer', delayMs: 10 } : { kind: 'delivered' },
  );
  await add('evt_a');
  await waitFor(() => posts.length === 6);
  expect(new Set(posts.map(({ attempt }) => attempt))).toEqual(new Set([1]));
});

test('says whether a delivery is due that it could take', async () => {
  const { add, worker, lanes } = await setUp(() => ({ kind: 'delivered' }), false);
  expect(await worker.couldTake(lanes)).toBe(false);
  await add('evt_1');
  expect(await worker.couldTake(lanes)).toBe(true);
  const startedAtMs = systemClock.now();
  worker.start();
  await waitFor(async () => !(await worker.couldTake(lanes)));
  expect(worker.lastTakenAtMs).toBeGreaterThanOrEqual(startedAtMs);
});

test('a worker that holds as many deliveries as it may could take none', async () => {
  const taken = Promise.withResolvers<DeliveryMove>();
  const { add, posts, worker, lanes } = await setUp(() => taken.promise);
  for (let i = 0; i < 6; i += 1) await add(`evt_${i}`);
  await waitFor(() => posts.length === 5);
  expect(await worker.couldTake(lanes)).toBe(false);
  taken.resolve({ kind: 'delivered' });
});
