import { systemClock, type Clock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';

import { acquirePermit, leaseMs } from './acquire-permits.ts';
import { laneKeys } from './keys.ts';
import { createLimits } from './limits.ts';
import { readStatus } from './read-status.ts';
import { minute, oneRequest, requests, testLane, tokens } from './testing/test-lane.ts';

test('a lane without limits grants everything', async () => {
  const lane = await testLane({});
  expect(await lane.acquire()).toMatchObject({ kind: 'granted', permit: { lane: 'lane' } });
});

test('charges every bucket of the lane', async () => {
  const lane = await testLane({ buckets: [requests(5, 1_000), tokens(900, minute)] });
  await lane.acquire({ requests: 1, tokens: 300 });
  expect(await lane.used()).toEqual([1, 300]);
});

test('charges nothing when one bucket of several has no room', async () => {
  const lane = await testLane({ buckets: [requests(5, 1_000), tokens(500, minute)] });
  await lane.acquire({ requests: 1, tokens: 300 });
  const decision = await lane.acquire({ requests: 1, tokens: 300 });
  expect(decision).toMatchObject({ kind: 'denied', limit: 'tokens per 60 s' });
  expect(await lane.used()).toEqual([1, 300]);
});

test('names the bucket that takes longest and says when it has room', async () => {
  const lane = await testLane({ buckets: [requests(1, 1_000), requests(1, minute)] });
  await lane.acquire();
  const waitMs = 60_000 + 250 + 120;
  expect(await lane.acquire()).toEqual({
    kind: 'denied',
    scope: 'lane',
    limit: 'requests per 60 s',
    waitMs,
    resetsAtMs: lane.nowMs + waitMs,
  });
});

test('gives a call larger than the whole bucket all of it', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute)] });
  await lane.permit({ requests: 1, tokens: 800 });
  expect(await lane.used()).toEqual([500]);
  expect(await lane.acquire({ requests: 1, tokens: 1 })).toMatchObject({ kind: 'denied' });
});

test('rounds an estimate with a fraction up', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute)] });
  const permit = await lane.permit({ requests: 1, tokens: 10.2 });
  expect(await lane.used()).toEqual([11]);
  await lane.settle(permit, { requests: 1, tokens: 4.5 });
  expect(await lane.used()).toEqual([5]);
});

test('a new limit of the same window holds at once and for what is already used', async () => {
  const lane = await testLane({ buckets: [requests(5, minute)] });
  for (let i = 0; i < 5; i += 1) await lane.permit();
  lane.buckets = [requests(6, minute)];
  await lane.permit();
  lane.buckets = [requests(3, minute)];
  expect(await lane.acquire()).toMatchObject({ kind: 'denied' });
});

test('settle replaces the estimate by what was used', async () => {
  const lane = await testLane({ buckets: [requests(5, 1_000), tokens(500, minute)] });
  const permit = await lane.permit({ requests: 1, tokens: 400 });
  await lane.settle(permit, { requests: 1, tokens: 40 });
  expect(await lane.used()).toEqual([1, 40]);
});

test('settle may exceed the limit, and later calls wait for it', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute)] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  await lane.settle(permit, { requests: 1, tokens: 5_000 });
  expect(await lane.used()).toEqual([5_000]);
  expect(await lane.acquire({ requests: 1, tokens: 1 })).toMatchObject({ kind: 'denied' });
});

test('what a smooth lane used beyond its estimate delays it by no more than the window', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute, 'smooth')] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  await lane.settle(permit, { requests: 1, tokens: 50_000 });
  const decision = await lane.acquire({ requests: 1, tokens: 1 });
  expect(decision).toMatchObject({ kind: 'denied', waitMs: 60_000 + 250 + 120 });
});

test('what a smooth lane did not use need not be waited for', async () => {
  const lane = await testLane({ buckets: [tokens(600, minute, 'smooth')] });
  const permit = await lane.permit({ requests: 1, tokens: 300 });
  expect(await lane.acquire({ requests: 1, tokens: 1 })).toMatchObject({ waitMs: 29_750 });
  await lane.settle(permit, { requests: 1, tokens: 0 });
  expect(await lane.acquire({ requests: 1, tokens: 1 })).toMatchObject({ kind: 'granted' });
});

test('a call that was never sent gives its request back', async () => {
  const lane = await testLane({ buckets: [requests(1, minute)] });
  const permit = await lane.permit();
  await lane.settle(permit, { requests: 0, tokens: 0 });
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test('a second settle changes nothing', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute)] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  await lane.settle(permit, { requests: 1, tokens: 60 });
  await lane.settle(permit, { requests: 1, tokens: 10 });
  expect(await lane.used()).toEqual([60]);
});

test('settling an unknown permit changes nothing', async () => {
  const lane = await testLane({ buckets: [tokens(500, minute)], concurrency: 1 });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  await lane.settle({ ...permit, id: 'permit_unknown' }, { requests: 1, tokens: 60 });
  expect(await lane.used()).toEqual([100]);
  expect((await lane.status()).concurrency).toEqual({ inFlight: 1, limit: 1 });
});

test('a correction that comes after its slot has left the window is forgotten with it', async () => {
  const lane = await testLane({ buckets: [tokens(500, 1_000)] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  lane.nowMs += 2_000;
  await lane.permit({ requests: 1, tokens: 30 });
  await lane.settle(permit, { requests: 1, tokens: 400 });
  expect(await lane.used()).toEqual([30]);
});

test('what a smooth lane used beyond its estimate is not waited for once its slot has left', async () => {
  const lane = await testLane({ buckets: [tokens(500, 1_000, 'smooth')] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  lane.nowMs += 2_000;
  await lane.settle(permit, { requests: 1, tokens: 5_000 });
  expect(await lane.acquire({ requests: 1, tokens: 100 })).toMatchObject({ kind: 'granted' });
});

test("a correction does not bring back a bucket that Redis's clock has rebased", async () => {
  const lane = await testLane({ buckets: [tokens(500, 1_000)] });
  const permit = await lane.permit({ requests: 1, tokens: 100 });
  lane.nowMs -= 3_600_000;
  await lane.permit({ requests: 1, tokens: 10 });
  await lane.settle(permit, { requests: 1, tokens: 0 });
  expect(await lane.used()).toEqual([110]);
  expect(await lane.acquire({ requests: 1, tokens: 391 })).toMatchObject({ kind: 'denied' });
  expect(await lane.acquire({ requests: 1, tokens: 390 })).toMatchObject({ kind: 'granted' });
});

test('leases as many slots as the lane has, and frees them by settle', async () => {
  const lane = await testLane({ concurrency: 2 });
  const permit = await lane.permit();
  await lane.permit();
  expect(await lane.acquire()).toMatchObject({ limit: 'concurrency', waitMs: 250 });
  await lane.settle(permit, oneRequest);
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test('the slot of a dead worker comes back when its lease ends', async () => {
  const lane = await testLane({ concurrency: 1 });
  await lane.permit();
  lane.nowMs += leaseMs - 100;
  expect(await lane.acquire()).toMatchObject({ limit: 'concurrency', waitMs: 100 });
  lane.nowMs += 100;
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test('dead calls are not counted as in flight for ever, nor kept', async () => {
  const lane = await testLane({ concurrency: 9 });
  await lane.permit();
  lane.nowMs += leaseMs;
  expect((await lane.status()).concurrency.inFlight).toBe(0);
  await lane.permit();
  const { redis, root } = lane.deps;
  expect(await redis.zcard(laneKeys(root, 'lane').leases)).toBe(1);
});

test('renewing keeps the slot', async () => {
  const lane = await testLane({ concurrency: 1 });
  const permit = await lane.permit();
  for (let i = 0; i < 5; i += 1) {
    lane.nowMs += leaseMs - 1;
    expect(await lane.renew(permit)).toBe(true);
    expect(await lane.acquire()).toMatchObject({ kind: 'denied' });
  }
});

test('a lease that has ended cannot be renewed, and its settle frees nobody else', async () => {
  const lane = await testLane({ concurrency: 1 });
  const stale = await lane.permit();
  lane.nowMs += leaseMs;
  expect(await lane.renew(stale)).toBe(false);
  const fresh = await lane.permit();
  expect(await lane.renew(stale)).toBe(false);
  await lane.settle(stale, oneRequest);
  expect(await lane.acquire()).toMatchObject({ kind: 'denied' });
  expect(await lane.renew(fresh)).toBe(true);
});

test('a permit without a slot is renewed until it is settled', async () => {
  const lane = await testLane({ buckets: [requests(5, 1_000)] });
  const permit = await lane.permit();
  lane.nowMs += 10 * leaseMs;
  expect(await lane.renew(permit)).toBe(true);
  await lane.settle(permit, oneRequest);
  expect(await lane.renew(permit)).toBe(false);
});

test('a closed lane denies everyone until it reopens', async () => {
  const lane = await testLane({});
  await lane.penalize(5_000);
  lane.nowMs += 1_000;
  expect(await lane.acquire()).toEqual({
    kind: 'denied',
    scope: 'lane',
    limit: 'upstream 429',
    reason: 'retry-after',
    waitMs: 4_000,
    resetsAtMs: lane.nowMs + 4_000,
  });
  lane.nowMs += 4_000;
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test('a shorter closure does not shorten a longer one', async () => {
  const lane = await testLane({});
  await lane.penalize(5_000, 'the longer');
  await lane.penalize(1_000, 'the shorter');
  expect(await lane.acquire()).toMatchObject({ waitMs: 5_000, reason: 'the longer' });
  await lane.penalize(9_000, 'the longest');
  expect(await lane.acquire()).toMatchObject({ waitMs: 9_000, reason: 'the longest' });
});

test.for([0, -5, Number.NaN])('a pause of %d ms closes nothing', async (pauseMs) => {
  const lane = await testLane({});
  await lane.penalize(pauseMs);
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test.for(['smooth', 'burst'] as const)(
  'a lane with %s pacing reopens at the pace of its limit, not with a storm',
  async (pacing) => {
    const lane = await testLane({ buckets: [requests(100, 10_000, pacing)] });
    await lane.penalize(30_000);
    lane.nowMs += 30_000;
    const seconds = [];
    for (let i = 0; i < 5; i += 1) seconds.push(await lane.grantsWithin(1_000));
    expect(seconds).toEqual([10, 10, 10, 10, 10]);
  },
);

test('a burst lane bursts again one window after it has reopened', async () => {
  const lane = await testLane({ buckets: [requests(100, 10_000)] });
  await lane.penalize(1_000);
  lane.nowMs += 1_000 + 10_200;
  expect(await lane.grantsWithin(10)).toBe(100);
});

test('a burst lane of a long window is paced for a minute only after it has reopened', async () => {
  const lane = await testLane({ buckets: [requests(1_440, 86_400_000)] });
  await lane.penalize(1_000);
  lane.nowMs += 1_000 + 59_000;
  await lane.permit();
  expect(await lane.acquire()).toMatchObject({ kind: 'denied' });
  lane.nowMs += 1_000;
  expect(await lane.grantsWithin(1)).toBe(1_439);
});

test('status tells what is used, in flight and closed', async () => {
  const lane = await testLane({ buckets: [requests(5, 1_000)], concurrency: 3 });
  await lane.permit();
  await lane.penalize(2_000, 'quota');
  expect(await lane.status()).toEqual({
    lane: 'lane',
    buckets: [{ ...requests(5, 1_000), used: 1, resetsAtMs: lane.nowMs + 1_022 }],
    concurrency: { inFlight: 1, limit: 3 },
    closed: { untilMs: lane.nowMs + 2_000, reason: 'quota' },
    brokenTargets: [],
  });
  lane.nowMs += 20_000;
  expect(await lane.status()).toEqual({
    lane: 'lane',
    buckets: [{ ...requests(5, 1_000), used: 0, resetsAtMs: lane.nowMs }],
    concurrency: { inFlight: 0, limit: 3 },
    brokenTargets: [],
  });
});

test("a small step back of Redis's clock gives nothing twice", async () => {
  const lane = await testLane({ buckets: [requests(3, 1_000)] });
  for (let i = 0; i < 3; i += 1) await lane.permit();
  lane.nowMs -= 500;
  expect(await lane.acquire()).toMatchObject({ kind: 'denied', waitMs: 500 + 1_022 });
});

test("what is given after a small step back of Redis's clock leaves the window like all else", async () => {
  const lane = await testLane({ buckets: [requests(3, 1_000)] });
  await lane.permit();
  lane.nowMs -= 500;
  await lane.permit();
  expect(await lane.used()).toEqual([2]);
  lane.nowMs += 500 + 1_022;
  expect(await lane.used()).toEqual([0]);
  expect(await lane.grantsWithin(1)).toBe(3);
});

test('a busy lane far below its limit keeps no more slots than a window has', async () => {
  const lane = await testLane({ buckets: [requests(1_000_000, 1_000)] });
  const { redis, root } = lane.deps;
  const keys = laneKeys(root, 'lane');
  for (let i = 0; i < 1_500; i += 1) {
    lane.nowMs += 2;
    await lane.permit();
  }
  expect(await redis.llen(keys.slots('requests:1000'))).toBeLessThanOrEqual(511);
  expect(await redis.hlen(keys.used('requests:1000'))).toBeLessThanOrEqual(511 + 4);
});

test("a large step back of Redis's clock neither gives twice nor locks the lane", async () => {
  const lane = await testLane({ buckets: [requests(3, 1_000, 'smooth')] });
  for (let i = 0; i < 3; i += 1) {
    await lane.permit();
    lane.nowMs += 300;
  }
  lane.nowMs -= 3_600_000;
  expect(await lane.acquire()).toMatchObject({ kind: 'denied', waitMs: 1_022 });
  lane.nowMs += 1_022;
  expect(await lane.acquire()).toMatchObject({ kind: 'granted' });
});

test('every key has a time to live, so an idle lane leaves nothing behind', async () => {
  const { redis, root, keys } = await testRedis();
  const lane = { name: 'a', buckets: [requests(5, 1_000), tokens(50, minute)], concurrency: 4 };
  const limits = createLimits({ redis, root, clock: systemClock });
  await limits.acquire(lane, { requests: 1, tokens: 10 });
  const second = await limits.acquire(lane, { requests: 1, tokens: 10 });
  if (second.kind === 'granted') {
    await limits.renew(second.permit);
    await limits.settle(second.permit, { requests: 1, tokens: 5 });
  }
  await limits.penalize(lane, 1_000, 'retry-after');
  await limits.status(lane);

  const left = await keys();
  const ttls = await Promise.all(left.map(async (key) => await redis.pttl(key)));
  expect(left.map((key) => key.replace(/permit_.*/, '<permit>').replace(root, 'sluice'))).toEqual([
    '{sluice:limits:a}:gate',
    '{sluice:limits:a}:leases',
    '{sluice:limits:a}:permit:<permit>',
    '{sluice:limits:a}:slots:requests:1000',
    '{sluice:limits:a}:slots:tokens:60000',
    '{sluice:limits:a}:used:requests:1000',
    '{sluice:limits:a}:used:tokens:60000',
  ]);
  for (const ttl of ttls) expect(ttl).toBeGreaterThan(0);
});

/** A clock on which each reading is later than the last by the next of `stepsMs`. */
function steppingClock(stepsMs: number[]): Clock {
  let nowMs = 0;
  const now = () => {
    nowMs += stepsMs.shift() ?? 0;
    return nowMs;
  };
  return { now, sleep: systemClock.sleep };
}

// The clock steps on at each reading: it is read when the permit is asked for, when the answer is there, and when a late one is put back.
test('a permit that arrives later than the margin is put back and asked for again with a wider one', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const limits = createLimits({ redis, root, clock: steppingClock([0, 21, 0, 79, 25]) });
  const lane = { name: 'a', buckets: [requests(5, 1_000)], concurrency: 5 };
  expect(await limits.acquire(lane, oneRequest)).toMatchObject({
    kind: 'granted',
    // 20 ms at first, half as much again as the 21 ms that it took.
    permit: { sendByMs: 132 },
  });
  expect(await limits.status(lane)).toMatchObject({
    buckets: [{ used: 1 }],
    concurrency: { inFlight: 1 },
  });
});

test('a permit that is late whatever the margin is denied for a short while and charges nothing', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const late = [0, 10_000, 0];
  const clock = steppingClock([...late, ...late, ...late, ...late, 0]);
  const limits = createLimits({ redis, root, clock, random: () => 0.5 });
  const lane = { name: 'a', buckets: [requests(5, 1_000)], concurrency: 5 };
  expect(await limits.acquire(lane, oneRequest)).toEqual({
    kind: 'denied',
    scope: 'lane',
    limit: 'late answer from Redis',
    // Half a window is the widest margin.
    waitMs: 750,
    resetsAtMs: 40_750,
  });
  expect(await limits.status(lane)).toMatchObject({
    buckets: [{ used: 0 }],
    concurrency: { inFlight: 0 },
  });
});

test('a call that was not sent in time is put back, and the next may leave later', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const limits = createLimits({ redis, root, clock: steppingClock([0, 0, 100, 100, 0]) });
  const lane = { name: 'a', buckets: [requests(5, 1_000)], concurrency: 5 };
  const first = await limits.acquire(lane, oneRequest);
  if (first.kind !== 'granted') throw new Error('denied');
  expect(first.permit.sendByMs).toBe(20);
  await limits.putBack(lane, first.permit);
  expect(await limits.status(lane)).toMatchObject({ buckets: [{ used: 0 }] });
  const second = await limits.acquire(lane, oneRequest);
  expect(second).toMatchObject({ kind: 'granted', permit: { sendByMs: 350 } });
});

test('a lane without windows does not mind a late answer', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const limits = createLimits({ redis, root, clock: steppingClock([0, 0, 60_000]) });
  const lane = { name: 'a', buckets: [], concurrency: 1 };
  expect(await limits.acquire(lane, oneRequest)).toMatchObject({ kind: 'granted' });
});

test('a command that is sent again after a reconnect is charged once', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const sendTwice = async (...args: Parameters<Redis['evalsha']>) => {
    await redis.evalsha(...args);
    return await redis.evalsha(...args);
  };
  const twice = new Proxy(redis, {
    get: (target, name) => (name === 'evalsha' ? sendTwice : Reflect.get(target, name)),
  });
  const lane = { name: 'a', buckets: [requests(2, minute)], concurrency: 2 };
  // The script must be known to Redis, or the first sending fails and the text is sent instead.
  await acquirePermit({ redis, root, clock: systemClock }, { ...lane, name: 'b' }, oneRequest);
  const deps = { redis: twice, root, clock: systemClock };
  expect(await acquirePermit(deps, lane, oneRequest)).toMatchObject({ kind: 'granted' });
  expect(await readStatus({ ...deps, redis }, lane)).toMatchObject({
    buckets: [{ used: 1 }],
    concurrency: { inFlight: 1 },
  });
});
