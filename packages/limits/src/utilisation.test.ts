import type { Bucket, Lane } from '@sluice/config';
import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { acquirePermit } from './acquire-permits.ts';
import { windowOf } from './bucket-window.ts';
import type { LimitsDeps } from './limits-deps.ts';

const startMs = 1_800_000_000_123;
const oneRequest = { requests: 1, tokens: 0 };

/** When `count` permits are given to a caller who always wants more and wakes up to `maxLateMs` late. */
async function grantTimes(options: {
  deps: LimitsDeps;
  lane: Lane;
  count: number;
  maxLateMs: number;
}): Promise<number[]> {
  const { deps, lane, count, maxLateMs } = options;
  const times: number[] = [];
  let nowMs = startMs;
  for (let asked = 0; times.length < count; asked += 1) {
    const decision = await acquirePermit(deps, lane, oneRequest, { nowMs });
    if (decision.kind === 'granted') times.push(nowMs);
    else nowMs += decision.waitMs + ((asked * 7) % (maxLateMs + 1));
  }
  return times;
}

/** The most permits in any `spanMs`. */
function fullest(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((at) => times.filter((t) => t >= at && t < at + spanMs).length));
}

const second = 1_000;
const minute = 60_000;

const backlogs: { limit: number; windowMs: number; windows: number; maxLateMs: number }[] = [
  { limit: 10, windowMs: second, windows: 20, maxLateMs: 0 },
  { limit: 10, windowMs: second, windows: 20, maxLateMs: 5 },
  { limit: 50, windowMs: second, windows: 10, maxLateMs: 0 },
  { limit: 50, windowMs: second, windows: 10, maxLateMs: 5 },
  { limit: 500, windowMs: minute, windows: 2, maxLateMs: 5 },
  { limit: 10, windowMs: minute, windows: 20, maxLateMs: 5 },
];

test.each(backlogs)(
  'a backlog gets at least 97 % of $limit requests per $windowMs ms when woken up to $maxLateMs ms late',
  async ({ limit, windowMs, windows, maxLateMs }) => {
    const { redis, root } = await testRedis({ ownedKeys: [] });
    const deps = { redis, root, clock: systemClock };
    for (const pacing of ['smooth', 'burst'] as const) {
      const bucket: Bucket = { unit: 'requests', limit, windowMs, pacing };
      const lane = { name: pacing, buckets: [bucket], concurrency: undefined };
      const count = limit * (windows + 1) + 1;
      const times = await grantTimes({ deps, lane, count, maxLateMs });
      // The first window is left out: it is filled at once in burst pacing.
      const elapsedMs = times[count - 1]! - times[limit]!;
      expect((windows * windowMs) / elapsedMs).toBeGreaterThanOrEqual(0.97);
      expect(fullest(times, windowMs)).toBeLessThanOrEqual(limit);
    }
  },
  20_000,
);

test('smooth pacing spreads permits over the window, burst pacing does not', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const deps = { redis, root, clock: systemClock };
  const inTenth = async (pacing: Bucket['pacing']) => {
    const bucket: Bucket = { unit: 'requests', limit: 100, windowMs: 10_000, pacing };
    const lane = { name: pacing, buckets: [bucket], concurrency: undefined };
    return fullest(await grantTimes({ deps, lane, count: 300, maxLateMs: 5 }), 1_000);
  };
  const { toleranceMs, intervalMs } = windowOf({
    unit: 'requests',
    limit: 100,
    windowMs: 10_000,
    pacing: 'smooth',
  });
  expect(await inTenth('smooth')).toBeLessThanOrEqual(10 + Math.ceil(toleranceMs / intervalMs));
  expect(await inTenth('burst')).toBe(100);
}, 20_000);
