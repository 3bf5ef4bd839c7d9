import { assert, asyncProperty, double, integer, record, array } from 'fast-check';
import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { acquirePermit } from './acquire-permits.ts';
import { marginMsOf } from './bucket-window.ts';
import { createMargins, type Margins } from './margins.ts';

const windowMs = 1_000;

function lane(name: string, limit: number) {
  const bucket = { unit: 'requests', limit, windowMs, pacing: 'burst' } as const;
  return { name, buckets: [bucket], concurrency: undefined };
}

test('a margin grows with what was late, is bounded by half a window, and shrinks back', () => {
  const margins = createMargins();
  const a = lane('a', 10);
  const least = marginMsOf(windowMs);
  expect(margins.shortestOf(a)).toBe(least);
  margins.widen(a, 100);
  expect(margins.shortestOf(a)).toBe(150);
  expect(margins.shortestOf(lane('b', 10))).toBe(least);
  margins.widen(a, 10_000);
  expect(margins.shortestOf(a)).toBe(windowMs / 2);
  for (let i = 0; i < 1_000; i += 1) margins.narrow(a);
  expect(margins.shortestOf(a)).toBe(least);
});

test('calls that leave at any time within margins of any length never exceed the limit in a sliding window', async () => {
  const { redis, root } = await testRedis();
  let run = 0;
  const asking = record({
    pauseMs: integer({ min: 0, max: 120 }),
    marginMs: integer({ min: 0, max: 500 }),
    delay: double({ min: 0, max: 1, noNaN: true }),
  });
  await assert(
    asyncProperty(
      integer({ min: 1, max: 6 }),
      array(asking, { maxLength: 60 }),
      async (limit, askings) => {
        const asked = lane(`l${(run += 1)}`, limit);
        const sent: number[] = [];
        let nowMs = 1_800_000_000_000;
        for (const { pauseMs, marginMs, delay } of askings) {
          nowMs += pauseMs;
          const margins: Margins = {
            ...createMargins(),
            of: () => marginMs,
            shortestOf: () => marginMs,
          };
          const deps = { redis, root, clock: systemClock };
          const decision = await acquirePermit(
            deps,
            asked,
            { requests: 1, tokens: 0 },
            { margins, nowMs },
          );
          if (decision.kind === 'granted') sent.push(nowMs + delay * marginMs);
        }
        sent.sort((a, b) => a - b);
        sent.forEach((atMs, i) => {
          const before = sent[i - limit];
          if (before !== undefined) expect(atMs - before).toBeGreaterThanOrEqual(windowMs);
        });
      },
    ),
    { numRuns: 60 },
  );
});
