import { describe, expect, it, onTestFinished } from 'vitest';

import { heartbeatKey, workerIdsKey, type Heartbeat, type Ticket } from '@sluice/contracts';
import { Lanes } from '@sluice/queue';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';

import { testConfig } from '../testing/start-test-api.ts';
import { watchLanes } from './lane-watch.ts';

const ticket: Ticket = {
  jobId: 'job_a',
  tenantId: 'default',
  type: 'chat',
  model: 'test-chat',
  attempt: 1,
};

async function setUp(concurrency?: number) {
  const { redis, root, url } = await testRedis();
  const config = testConfig({ redisUrl: url, root });
  config.lanes['chat-lane']!.concurrency = concurrency;
  const clock = createFakeClock();
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    shardOf: () => 0,
    lanes: Object.values(config.lanes),
    clock,
  });
  const stop = new AbortController();
  const log = createLogger({ name: 'watch', level: 'silent' });
  const watch = watchLanes({ redis, config, lanes, clock, log }, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await lanes.close();
  });
  const beat = async (running: number, lastTakenAtMs: number) => {
    const heartbeat: Heartbeat = {
      id: 'w1',
      startedAtMs: 0,
      roles: ['run'],
      metrics: [],
      lanes: { 'chat-lane': { lastTakenAtMs, running } },
    };
    await redis.set(heartbeatKey(root, 'w1'), JSON.stringify(heartbeat));
    await redis.sadd(workerIdsKey(root), 'w1');
  };
  /** Lets time go by, waiting after each look for its commands to come back. */
  const pass = async (seconds: number, each = async () => {}) => {
    for (let elapsed = 0; elapsed < seconds; elapsed += 5) {
      await each();
      while (clock.sleeperCount === 0) await redis.ping();
      await clock.advance(5_000);
    }
    while (clock.sleeperCount === 0) await redis.ping();
  };
  const placed = { ticket, lane: 'chat-lane', priority: 'normal' } as const;
  return { redis, lanes, clock, watch, beat, pass, add: () => lanes.add(placed) };
}

describe('watchLanes', () => {
  it('calls a lane stalled in which nobody takes the waiting ticket for 30 s, and no longer when it is taken', async () => {
    const { lanes, watch, pass, add } = await setUp();
    await pass(60);
    expect(watch.stalled()).toEqual([]);
    await add();
    await pass(25);
    expect(watch.stalled()).toEqual([]);
    await pass(15);
    expect(watch.stalled()).toEqual(['chat-lane']);
    await lanes.remove('chat-lane', { jobId: ticket.jobId, attempt: 1 });
    await pass(5);
    expect(watch.stalled()).toEqual([]);
  });

  it('counts from the last ticket that was taken', async () => {
    const { watch, pass, add, beat, clock } = await setUp();
    await add();
    await pass(120, () => beat(1, clock.now()));
    expect(watch.stalled()).toEqual([]);
    await pass(40);
    expect(watch.stalled()).toEqual(['chat-lane']);
  });

  it('has patience with a lane that is paused', async () => {
    const { watch, pass, add, lanes } = await setUp();
    await add();
    await lanes.pause('chat-lane', 600_000, Date.now());
    await pass(60);
    expect(watch.stalled()).toEqual([]);
  });

  it('has patience with workers that all have their hands full', async () => {
    const { watch, pass, add, beat } = await setUp();
    await add();
    await beat(10, 1);
    await pass(60);
    expect(watch.stalled()).toEqual([]);
    await beat(9, 1);
    await pass(40);
    expect(watch.stalled()).toEqual(['chat-lane']);
  });

  it('has patience with a lane at its concurrency', async () => {
    const { watch, pass, add } = await setUp(0);
    await add();
    await pass(60);
    expect(watch.stalled()).toEqual([]);
  });
});
