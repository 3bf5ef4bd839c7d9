import type { Lane } from '@sluice/config';
import type { Priority, Ticket } from '@sluice/contracts';
import { createLogger, runPart, systemClock } from '@sluice/runtime';
import { testRedis, waitFor } from '@sluice/testing';
import { Queue } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';

import { advanceLane } from './fixtures.ts';
import { LaneWorker } from './lane-worker.ts';
import { Lanes } from './lanes.ts';
import { costMicros, type PlacedTicket } from './place-ticket.ts';

const lane = 'sim';
const perSecond: Lane = {
  name: lane,
  buckets: [
    { unit: 'requests', limit: 10, windowMs: 1_000, pacing: 'smooth' },
    { unit: 'tokens', limit: 1_000, windowMs: 1_000, pacing: 'smooth' },
  ],
  concurrency: undefined,
};

async function setUp(configured: Lane = perSecond) {
  const { redis, root } = await testRedis();
  const shardOf = () => 0;
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [configured],
    shardOf,
    clock: systemClock,
  });
  onTestFinished(() => lanes.close());
  /** Takes every ticket, one after the other, as a worker does; says whose they were. */
  const drain = async (amount: number, between?: (taken: string[]) => Promise<void>) => {
    const taken: Ticket[] = [];
    const worker = new LaneWorker({
      workerId: 'worker_test',
      holdOf: async () => 'lost',
      redis,
      root,
      shard: 0,
      lane,
      concurrency: 1,
      process: async (ticket) => {
        taken.push(ticket);
        await advance(ticket);
        await between?.(taken.map(({ jobId }) => jobId));
        return { kind: 'done' };
      },
      lanes,
      clock: systemClock,
      log: createLogger({ name: 'test', level: 'silent' }),
    });
    worker.start();
    await waitFor(() => taken.length === amount);
    await worker.close(1_000);
    return taken;
  };
  const ranks = new Map<string, string>();
  const advance = async ({ jobId }: Ticket) =>
    await advanceLane(redis, lanes, { lane, jobId, rank: ranks.get(jobId) });
  const add = async (placed: PlacedTicket) => {
    const rank = await runPart(redis, lanes.placement(placed));
    if (rank !== 0) ranks.set(placed.ticket.jobId, String(rank));
    return String(rank);
  };
  return { redis, root, lanes, add, drain };
}

let made = 0;

function place(tenantId: string, priority: Priority = 'normal', tokens = 0): PlacedTicket {
  const jobId = `job_${String((made += 1)).padStart(8, '0')}x`;
  return {
    ticket: { jobId, tenantId, type: 'chat', model: 'm', attempt: 1 },
    lane,
    priority,
    tokens,
  };
}

function counts(tickets: readonly Ticket[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { tenantId } of tickets) sum[tenantId] = (sum[tenantId] ?? 0) + 1;
  return sum;
}

describe('a placed ticket', () => {
  it('is stored as BullMQ stores a prioritised job, so that BullMQ can work on it', async () => {
    const { redis, root, lanes, add } = await setUp();
    const placed = place('a');
    const rank = Number(await add(placed));
    const theirs = new Queue('theirs', { connection: redis, prefix: `{${root}:0}` });
    onTestFinished(() => theirs.close());
    const priority = Math.floor(rank / 2 ** 32);
    await theirs.add('chat', placed.ticket, { jobId: placed.ticket.jobId, priority });

    const dump = async (queue: Queue) => {
      const { timestamp, opts, ...fields } = await redis.hgetall(queue.toKey(placed.ticket.jobId));
      expect(Number(timestamp)).toBeGreaterThan(Date.now() - 60_000);
      return {
        fields,
        opts: JSON.parse(opts ?? '') as unknown,
        marker: await redis.zrange(queue.toKey('marker'), '0', '-1', 'WITHSCORES'),
        tickets: await redis.zrange(queue.toKey('prioritized'), '0', '-1'),
      };
    };
    expect(await dump(lanes.queue(lane, 0))).toEqual(await dump(theirs));
  });

  it('is there once, however often it is placed', async () => {
    const { add, lanes } = await setUp();
    const placed = place('a');
    expect(Number(await add(placed))).toBeGreaterThan(0);
    expect(await add(placed)).toBe('0');
    expect((await lanes.counts())[0]?.waiting).toBe(1);
  });

  it('wakes no worker of a lane that is paused or has no slot', async () => {
    const { add, redis, lanes } = await setUp({ ...perSecond, concurrency: 1 });
    await lanes.enforceAll();
    const queue = lanes.queue(lane, 0);
    await redis.lpush(queue.toKey('active'), 'job_running');
    await add(place('a'));
    expect(await redis.exists(`${queue.toKey('')}marker`)).toBe(0);
    await redis.del(queue.toKey('active'));
    await queue.pause();
    await add(place('a'));
    expect(await redis.exists(`${queue.toKey('')}marker`)).toBe(0);
  });
});

describe('a ticket that is not due', () => {
  it('is stored as BullMQ stores a delayed job', async () => {
    const { redis, root, lanes } = await setUp();
    const placed = { ...place('a'), runAtMs: Date.now() + 60_000 };
    await lanes.add(placed);
    await lanes.add(placed);
    const ours = lanes.queue('scheduled', 0);
    const { jobId } = placed.ticket;
    const fields = await redis.hgetall(ours.toKey(jobId));
    const timestamp = Number(fields['timestamp']);
    const delay = placed.runAtMs - timestamp;
    const theirs = new Queue('theirs', { connection: redis, prefix: `{${root}:0}` });
    onTestFinished(() => theirs.close());
    await theirs.add('chat', placed.ticket, { jobId, delay, timestamp });

    const dump = async (queue: Queue) => {
      const { opts, ...rest } = await redis.hgetall(queue.toKey(jobId));
      // BullMQ repeats in the options what is a field of its own.
      const { timestamp: _, ...options } = JSON.parse(opts ?? '') as Record<string, unknown>;
      return {
        rest,
        options,
        marker: await redis.zrange(queue.toKey('marker'), '0', '-1', 'WITHSCORES'),
        tickets: await redis.zrange(queue.toKey('delayed'), '0', '-1', 'WITHSCORES'),
      };
    };
    expect(await dump(ours)).toEqual(await dump(theirs));
  });

  it('wakes workers at the time of the one that is due first', async () => {
    const { redis, lanes } = await setUp();
    const soonMs = Date.now() + 60_000;
    await lanes.add({ ...place('a'), runAtMs: soonMs });
    await lanes.add({ ...place('a'), runAtMs: soonMs + 9_000 });
    const marker = lanes.queue('scheduled', 0).toKey('marker');
    expect(await redis.zscore(marker, '1')).toBe(String(soonMs));
    expect((await lanes.counts()).find((one) => one.lane === 'scheduled')?.delayed).toBe(2);
  });
});

describe('the order in a lane', () => {
  it('puts high before normal before low, and each tenant in the order of its arrival', async () => {
    const { add, drain } = await setUp();
    const placed = (['low', 'normal', 'high', 'normal', 'low', 'high'] as const).map((priority) =>
      place('a', priority),
    );
    for (const one of placed) await add(one);
    const taken = await drain(6);
    expect(taken.map(({ jobId }) => jobId)).toEqual(
      [2, 5, 1, 3, 0, 4].map((i) => placed[i]?.ticket.jobId),
    );
  });

  it('is the same for tickets that come together as for those that come one by one', async () => {
    const orders = [];
    for (const together of [true, false]) {
      const { add, drain } = await setUp();
      const tickets = ['a', 'a', 'b', 'a', 'b', 'c'].map((tenant) => place(tenant));
      if (together) await Promise.all(tickets.map(add));
      else for (const ticket of tickets) await add(ticket);
      orders.push((await drain(tickets.length)).map(({ tenantId }) => tenantId).join(''));
    }
    expect(orders[0]).toBe(orders[1]);
  });

  it('takes a single ticket of one tenant after one of another that has hundreds', async () => {
    const { add, drain } = await setUp();
    await Promise.all(Array.from({ length: 300 }, () => add(place('many'))));
    let single: string | undefined;
    const taken = await drain(301, async (ids) => {
      if (ids.length !== 8) return;
      const placed = place('single');
      single = placed.ticket.jobId;
      await add(placed);
    });
    const at = taken.findIndex(({ jobId }) => jobId === single);
    expect(at).toBeGreaterThanOrEqual(8);
    expect(at).toBeLessThanOrEqual(10);
  });

  it('gives tenants the same share of the lane, not of the tickets: dear ones come less often', async () => {
    const { add, drain } = await setUp();
    for (let i = 0; i < 40; i += 1) await add(place('dear', 'normal', 400));
    for (let i = 0; i < 160; i += 1) await add(place('cheap', 'normal', 100));
    const taken = counts((await drain(200)).slice(0, 100));
    expect(taken['cheap']).toBeGreaterThanOrEqual(78);
    expect(taken['cheap']).toBeLessThanOrEqual(82);
  });

  it('gives a tenant of weight 3 three times the share of one of weight 1', async () => {
    const { add, drain } = await setUp();
    for (let i = 0; i < 40; i += 1) {
      await add({ ...place('heavy'), weight: 3 });
      await add(place('light'));
    }
    const taken = counts((await drain(80)).slice(0, 40));
    expect(taken['heavy']).toBeGreaterThanOrEqual(29);
    expect(taken['heavy']).toBeLessThanOrEqual(31);
  });

  it('holds nothing against a tenant that had the idle lane to itself', async () => {
    const { add, drain } = await setUp();
    for (let i = 0; i < 200; i += 1) await add(place('early'));
    await drain(200);
    for (let i = 0; i < 20; i += 1) {
      await add(place('late'));
      await add(place('early'));
    }
    expect(counts((await drain(40)).slice(0, 20))).toEqual({ early: 10, late: 10 });
  });
});

describe('the cost of a ticket', () => {
  it('is the time that it takes of the limit it fills the most', () => {
    expect(costMicros(perSecond, 10)).toBe(100_000);
    expect(costMicros(perSecond, 500)).toBe(500_000);
    expect(costMicros({ ...perSecond, buckets: [] }, 500)).toBe(1_000_000);
  });
});
