import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { createRedisBackend, Worker, type Job } from 'bullmq';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { laneBackend } from './lane-backend.ts';
import { Lanes } from './lanes.ts';

const lane = 'lane';
const token = 'token';
const lockMs = 10_000;
const windowMs = 100;

/** What a worker finds when the ticket that it holds comes to its end. */
interface Found {
  waiting: number;
  /** Tickets of other workers. */
  active: number;
  isPaused: boolean;
  isClosed: boolean;
  concurrency: number | undefined;
  startsPerWindow: number | undefined;
  delayed: 'none' | 'due' | 'later';
  hasUnranked: boolean;
  /** The lock is gone, or another worker's. */
  lock: 'held' | 'gone' | 'taken';
  isActive: boolean;
}

/** Tickets of a lane, one of which a worker holds; by BullMQ's own backend, or by ours. */
async function setUp(isBullmq: boolean) {
  const { redis, root } = await testRedis();
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [{ name: lane, buckets: [], concurrency: undefined }],
    shardOf: () => 0,
    clock: systemClock,
  });
  const queue = lanes.queue(lane, 0);
  const settings = {
    connection: redis,
    prefix: `{${root}:0}`,
    autorun: false,
    lockDuration: lockMs,
    limiter: { max: Number.MAX_SAFE_INTEGER, duration: windowMs },
    removeOnComplete: { count: 0 },
  };
  const ours = laneBackend({ redis, clock: systemClock, lockMs, windowMs });
  const backend = isBullmq ? createRedisBackend : ours;
  const worker = new Worker(lane, async () => {}, settings, backend);
  let made = 0;
  const place = async () => {
    const jobId = `job_${(made += 1)}`;
    const ticket = { jobId, tenantId: 't', type: 'chat', model: 'm', attempt: 1 } as const;
    await lanes.add({ ticket, lane, priority: 'normal' });
  };
  const close = async () => await Promise.all([worker.close(), lanes.close()]);
  return { redis, lanes, queue, worker, place, close };
}

type Played = Awaited<ReturnType<typeof setUp>>;

async function make(found: Found, played: Played): Promise<Job> {
  const { redis, lanes, queue, worker, place } = played;
  for (let i = 0; i < 1 + found.active + found.waiting; i += 1) await place();
  const held = await worker.getNextJob(token);
  if (!held) throw new Error('the lane has tickets');
  for (let i = 0; i < found.active; i += 1) await worker.getNextJob('another');
  if (found.delayed === 'later') await queue.add('chat', {}, { jobId: 'late', delay: 3_600_000 });
  if (found.delayed === 'due') {
    await queue.add('chat', {}, { jobId: 'late', delay: 3_600_000, priority: 1 });
    await redis.zadd(queue.toKey('delayed'), '1', 'late');
  }
  if (found.hasUnranked) await queue.add('chat', {}, { jobId: 'unranked' });
  if (found.concurrency !== undefined) await queue.setGlobalConcurrency(found.concurrency);
  if (found.startsPerWindow !== undefined) {
    await redis.del(queue.toKey('limiter'));
    await queue.setGlobalRateLimit(found.startsPerWindow, 3_600_000);
  }
  if (found.isPaused) await queue.pause();
  if (found.isClosed) await lanes.pause(lane, 3_600_000, systemClock.now());
  await redis.sadd(queue.toKey('stalled'), held.id ?? '');
  await redis.del(queue.toKey('marker'));
  const lock = queue.toKey(`${held.id}:lock`);
  if (found.lock === 'gone') await redis.del(lock);
  if (found.lock === 'taken') await redis.set(lock, 'another');
  if (!found.isActive) await redis.lrem(queue.toKey('active'), 1, held.id ?? '');
  return held;
}

/** The lane as it is in Redis, but for events and times; starts are counted only where there is a rate of them. */
async function lookAt({ redis, queue }: Played, found: Found): Promise<Record<string, unknown>> {
  const prefix = queue.toKey('');
  const ignored = ['events', 'pc', 'stalled-check', ...(found.startsPerWindow ? [] : ['limiter'])];
  const seen: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${prefix}*`)).toSorted()) {
    const name = key.slice(prefix.length);
    if (!ignored.includes(name)) seen[name] = await valueOf(redis, key);
  }
  return seen;
}

async function valueOf(redis: Played['redis'], key: string): Promise<unknown> {
  const expires = (await redis.pttl(key)) > 0;
  switch (await redis.type(key)) {
    case 'hash': {
      const { processedOn, timestamp, ...fields } = await redis.hgetall(key);
      return {
        ...fields,
        wasProcessed: processedOn !== undefined,
        isStamped: timestamp !== undefined,
      };
    }
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'zset':
      return await redis.zrange(key, '0', '-1');
    case 'set':
      return await redis.smembers(key);
    default:
      return { value: await redis.get(key), expires };
  }
}

/** What ending the ticket came to: what is taken next and what is left in Redis. */
async function end(isBullmq: boolean, found: Found): Promise<unknown> {
  const played = await setUp(isBullmq);
  try {
    const held = await make(found, played);
    const next = await held.moveToCompleted(undefined, token, true).then(
      (reply) => {
        const [ticket, id, limitMs = 0, delayedUntil = 0] = reply ?? [];
        const { processedOn: _, timestamp: __, ...fields } = ticket ?? {};
        return { fields, id: id || undefined, isLimited: limitMs > 0, waits: delayedUntil > 0 };
      },
      (error: Error) => error.message,
    );
    return { next, left: await lookAt(played, found) };
  } finally {
    await played.close();
  }
}

const usual: Found = {
  waiting: 2,
  active: 1,
  isPaused: false,
  isClosed: false,
  concurrency: undefined,
  startsPerWindow: undefined,
  delayed: 'none',
  hasUnranked: false,
  lock: 'held',
  isActive: true,
};

test.for<[string, Partial<Found>]>([
  ['takes the next one', {}],
  ['finds none', { waiting: 0, active: 0 }],
  ['finds only a delayed one', { waiting: 0, delayed: 'later' }],
  ['finds a delayed one that is due', { delayed: 'due' }],
  ['finds one without a rank', { hasUnranked: true }],
  ['finds the lane paused', { isPaused: true }],
  ['finds the lane closed', { isClosed: true }],
  ['finds the lane full', { active: 2, concurrency: 2 }],
  ['leaves the one slot of the lane to the next', { active: 0, concurrency: 1 }],
  ['counts its start', { startsPerWindow: 2 }],
  ['has lost its lock', { lock: 'gone' }],
  ['has lost its lock to another', { lock: 'taken' }],
  ['is no longer active', { isActive: false }],
])('a ticket that ends %s as by BullMQ', async ([, changes]) => {
  const found = { ...usual, ...changes };
  expect(await end(false, found)).toEqual(await end(true, found));
});

test('whatever a worker finds, a ticket ends as by BullMQ', async () => {
  const found: fc.Arbitrary<Found> = fc.record({
    waiting: fc.nat(3),
    active: fc.nat(2),
    isPaused: fc.constantFrom(false, false, true),
    isClosed: fc.constantFrom(false, false, true),
    concurrency: fc.constantFrom(undefined, undefined, 1, 2, 3),
    startsPerWindow: fc.constantFrom(undefined, undefined, 1, 5),
    delayed: fc.constantFrom('none', 'later', 'due'),
    hasUnranked: fc.constantFrom(false, false, true),
    lock: fc.constantFrom('held', 'held', 'held', 'gone', 'taken'),
    isActive: fc.constantFrom(true, true, true, false),
  });
  await fc.assert(
    fc.asyncProperty(found, async (each) => {
      expect(await end(false, each)).toEqual(await end(true, each));
    }),
    { numRuns: 40 },
  );
});

test('tickets that end in one turn are one command, which BullMQ knows nothing of', async () => {
  const played = await setUp(false);
  const held = [await make({ ...usual, waiting: 3, active: 0 }, played)];
  const other = await played.worker.getNextJob(token);
  if (other) held.push(other);
  const events = played.queue.toKey('events');
  await played.redis.hset(played.queue.toKey('meta'), 'opts.maxLenEvents', 10);
  for (let i = 0; i < 300; i += 1) await played.redis.xadd(events, '*', 'event', 'active');
  const commands = vi.spyOn(played.redis, 'evalsha');
  const taken = await Promise.all(held.map((job) => job.moveToCompleted(undefined, token, true)));
  expect(commands.mock.calls.length).toBe(1);
  expect(taken.map((next) => next?.[1])).toEqual(['job_3', 'job_4']);
  const left = await played.redis.xrange(events, '-', '+');
  expect(left.length).toBeLessThan(200);
  expect(left.flatMap(([, fields]) => fields)).not.toContain('completed');
  await played.close();
});
