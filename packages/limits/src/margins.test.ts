import { assert, asyncProperty, double, integer, record, array } from 'fast-check';
import { systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { acquirePermit } from './acquire-permits.ts';
import { createMargins, marginMsOf, type Margins } from './margins.ts';
import type { Permit } from './permit.ts';
import { rechargePermit } from './recharge-permit.ts';

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

test('calls that leave later than their margin, by up to a window, are charged anew and exceed no sliding window', async () => {
  const { redis, root } = await testRedis({ ownedKeys: [] });
  const deps = { redis, root, clock: systemClock };
  const marginMs = marginMsOf(windowMs);
  let run = 0;
  const step = record({
    pauseMs: integer({ min: 0, max: 300 }),
    /** How long after its permit the call leaves. */
    delayMs: integer({ min: 0, max: windowMs }),
  });
  await assert(
    asyncProperty(
      integer({ min: 1, max: 5 }),
      array(step, { maxLength: 50 }),
      async (limit, steps) => {
        const asked = lane(`late${(run += 1)}`, limit);
        const sent: number[] = [];
        let leaving: { permit: Permit; grantedAtMs: number; leavesAtMs: number }[] = [];
        let nowMs = 1_800_000_000_000;
        const leaveUntil = async (untilMs: number) => {
          const due = leaving.filter(({ leavesAtMs }) => leavesAtMs <= untilMs);
          leaving = leaving.filter(({ leavesAtMs }) => leavesAtMs > untilMs);
          for (const call of due.toSorted((a, b) => a.leavesAtMs - b.leavesAtMs)) {
            sent.push(call.leavesAtMs);
            const isLate = call.leavesAtMs > call.grantedAtMs + marginMs;
            // One after the other, as they leave.
            // oxlint-disable-next-line no-await-in-loop
            if (isLate) await rechargePermit(deps, call.permit, call.leavesAtMs);
          }
        };
        for (const { pauseMs, delayMs } of steps) {
          nowMs += pauseMs;
          await leaveUntil(nowMs);
          const amounts = { requests: 1, tokens: 0 };
          const decision = await acquirePermit(deps, asked, amounts, { nowMs });
          if (decision.kind === 'denied') continue;
          const leavesAtMs = nowMs + delayMs;
          leaving.push({ permit: decision.permit, grantedAtMs: nowMs, leavesAtMs });
        }
        await leaveUntil(Infinity);
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
