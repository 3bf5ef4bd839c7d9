import { expect, test } from 'vitest';

import { acquirePermits } from './acquire-permits.ts';
import { laneKeys } from './keys.ts';
import type { CallOutcome } from './permit.ts';
import {
  minute,
  oneRequest,
  requests,
  testLane,
  tokens,
  type TestLane,
} from './testing/test-lane.ts';

const target = 'model';

/** One call of the target that went like this. */
async function call(lane: TestLane, outcome: CallOutcome, of = target) {
  return await lane.settle(await lane.permit(oneRequest, { target: of }), oneRequest, outcome);
}

async function fail(lane: TestLane, times: number) {
  const states = [];
  for (let i = 0; i < times; i += 1) states.push(await call(lane, 'fault'));
  return states;
}

test('ten faults in ten seconds open the breaker of their target for everyone, and of no other', async () => {
  const lane = await testLane({});
  const states = await fail(lane, 10);
  expect(states).toEqual([...Array.from({ length: 9 }, () => undefined), 'opened']);
  expect(await lane.acquire(oneRequest, { target })).toEqual({
    kind: 'denied',
    scope: 'target',
    limit: 'circuit breaker',
    waitMs: 1_000,
    resetsAtMs: lane.nowMs + 1_000,
  });
  expect(await lane.acquire(oneRequest, { target: 'other' })).toMatchObject({ kind: 'granted' });
  expect((await lane.status()).brokenTargets).toEqual([{ target, probeAtMs: lane.nowMs + 1_000 }]);
});

test('calls that end together count one after the other: the tenth fault opens the breaker', async () => {
  const lane = await testLane({ buckets: [tokens(1_000, minute)] });
  const amounts = { requests: 1, tokens: 10 };
  const permits = await Promise.all(
    Array.from({ length: 12 }, () => lane.permit(amounts, { target })),
  );
  const used = { requests: 1, tokens: 15 };
  const states = await Promise.all(permits.map((permit) => lane.settle(permit, used, 'fault')));
  expect(states).toEqual([...Array.from({ length: 9 }, () => undefined), 'opened', 'open', 'open']);
  expect(await lane.used()).toEqual([180]);
  expect((await lane.status()).brokenTargets).toEqual([{ target, probeAtMs: lane.nowMs + 1_000 }]);
});

test('of the calls that are asked for together one is the probe', async () => {
  const lane = await testLane({ buckets: [requests(100, minute)], concurrency: 5 });
  await fail(lane, 10);
  lane.nowMs += 1_000;
  const options = { target, nowMs: lane.nowMs };
  const calls = [oneRequest, oneRequest, oneRequest];
  expect(await acquirePermits(lane.deps, lane.lane, calls, options)).toMatchObject([
    { kind: 'granted' },
    { kind: 'denied', scope: 'target', waitMs: 1_000 },
    { kind: 'denied', scope: 'target', waitMs: 1_000 },
  ]);
  expect(await lane.used()).toEqual([11]);
});

test('faults among more good calls do not open it', async () => {
  const lane = await testLane({});
  for (let i = 0; i < 30; i += 1) {
    await fail(lane, 1);
    await call(lane, 'ok');
    await call(lane, 'ok');
  }
  expect(await lane.acquire(oneRequest, { target })).toMatchObject({ kind: 'granted' });
});

test('faults that are further apart do not open it', async () => {
  const lane = await testLane({});
  for (let i = 0; i < 30; i += 1) {
    await fail(lane, 1);
    lane.nowMs += 1_500;
  }
  expect(await lane.acquire(oneRequest, { target })).toMatchObject({ kind: 'granted' });
});

test('good calls of a well target leave nothing behind', async () => {
  const lane = await testLane({});
  await call(lane, 'ok');
  const { redis, root } = lane.deps;
  expect(await redis.exists(laneKeys(root, 'lane').gate)).toBe(0);
});

test('calls that say nothing of the target count for nothing', async () => {
  const lane = await testLane({});
  for (let i = 0; i < 20; i += 1) await call(lane, '');
  expect(await lane.acquire(oneRequest, { target })).toMatchObject({ kind: 'granted' });
});

/** When probes go in `spanMs` if a caller asks every `everyMs` and each probe ends like this at once. */
async function probes(
  lane: TestLane,
  { spanMs, everyMs = 20 }: { spanMs: number; everyMs?: number },
  outcome: CallOutcome | 'never',
) {
  const times: number[] = [];
  const endMs = lane.nowMs + spanMs;
  for (; lane.nowMs < endMs; lane.nowMs += everyMs) {
    const decision = await lane.acquire(oneRequest, { target });
    if (decision.kind === 'denied') continue;
    times.push(lane.nowMs);
    if (outcome !== 'never') await lane.settle(decision.permit, oneRequest, outcome);
  }
  return times;
}

test.each(['fault', 'never', ''] as const)(
  'probes whose calls end as "%s" go at most once a second, and soon once in five',
  async (outcome) => {
    const lane = await testLane({});
    await fail(lane, 10);
    const times = await probes(lane, { spanMs: minute }, outcome);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1_000);
    expect(times.length).toBeGreaterThanOrEqual(minute / 5_000);
    expect(times.length).toBeLessThanOrEqual(minute / 5_000 + 4);
  },
);

test('ten minutes of outage cost 130 calls at most, and two good probes end it in ten seconds', async () => {
  const lane = await testLane({});
  await fail(lane, 10);
  const times = await probes(lane, { spanMs: 10 * minute, everyMs: 100 }, 'fault');
  expect(times.length + 10).toBeLessThanOrEqual(135);

  const healedAtMs = lane.nowMs;
  const states: unknown[] = [];
  while (states.at(-1) !== 'closed') {
    const decision = await lane.acquire(oneRequest, { target });
    if (decision.kind === 'denied') lane.nowMs += decision.waitMs;
    else states.push(await lane.settle(decision.permit, oneRequest, 'ok'));
  }
  expect(states).toEqual(['open', 'closed']);
  expect(lane.nowMs - healedAtMs).toBeLessThan(10_000);
  expect((await lane.status()).brokenTargets).toEqual([]);
}, 20_000);

test('a bad probe after a good one keeps it open', async () => {
  const lane = await testLane({});
  await fail(lane, 10);
  for (const outcome of ['ok', 'fault', 'ok'] as const) {
    lane.nowMs += 5_000;
    expect(await call(lane, outcome)).toBe('open');
  }
  lane.nowMs += 5_000;
  expect(await call(lane, 'ok')).toBe('closed');
});

test('calls that left before it opened neither close nor prolong it', async () => {
  const lane = await testLane({});
  const early = await Promise.all(
    Array.from({ length: 5 }, () => lane.permit(oneRequest, { target })),
  );
  await fail(lane, 10);
  for (const permit of early) expect(await lane.settle(permit, oneRequest, 'ok')).toBe('open');
  expect(await lane.acquire(oneRequest, { target })).toMatchObject({ waitMs: 1_000 });
});

test('a lane whose target is back goes on at its pace, not with a storm', async () => {
  const lane = await testLane({ buckets: [requests(100, 10_000)] });
  await fail(lane, 10);
  lane.nowMs += minute;
  await call(lane, 'ok');
  lane.nowMs += 1_000;
  expect(await call(lane, 'ok')).toBe('closed');
  const seconds = [];
  for (let i = 0; i < 3; i += 1) seconds.push(await lane.grantsWithin(1_000));
  expect(seconds).toEqual([10, 10, 10]);
});
