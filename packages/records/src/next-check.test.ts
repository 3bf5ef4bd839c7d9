import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { nextCheckAt } from './next-check.ts';

const never = Number.MAX_SAFE_INTEGER;
const minute = 60_000;
const hour = 60 * minute;

test.each([
  ['a new job after 30 s', 0, 30_000],
  ['a job of one minute after 30 s', minute, minute + 30_000],
  ['a job of ten minutes after five', 10 * minute, 15 * minute],
  ['a job of two hours after one', 2 * hour, 3 * hour],
  ['a job of a week after an hour', 168 * hour, 169 * hour],
])('looks at %s', (_, nowMs, expected) => {
  expect(nextCheckAt({ createdAtMs: 0, startByMs: never, deadlineMs: never }, nowMs)).toBe(
    expected,
  );
});

test.each([
  ['the end of the wait', { startByMs: 10_000, deadlineMs: never }],
  ['the deadline', { startByMs: never, deadlineMs: 10_000 }],
])('is on time for %s, and goes on after it', (_, ends) => {
  const job = { createdAtMs: 0, ...ends };
  expect(nextCheckAt(job, 0)).toBe(10_000);
  expect(nextCheckAt(job, 9_999)).toBe(10_000);
  expect(nextCheckAt(job, 10_000)).toBe(40_000);
});

test('is always ahead, at most an hour, and never jumps over the end of the wait or the deadline', () => {
  const time = fc.integer({ min: 0, max: 2 ** 45 });
  fc.assert(
    fc.property(time, time, time, time, (createdAtMs, startByMs, deadlineMs, nowMs) => {
      const next = nextCheckAt({ createdAtMs, startByMs, deadlineMs }, nowMs);
      expect(Number.isInteger(next)).toBe(true);
      expect(next).toBeGreaterThan(nowMs);
      expect(next).toBeLessThanOrEqual(nowMs + hour);
      expect(startByMs <= nowMs || next <= startByMs).toBe(true);
      expect(deadlineMs <= nowMs || next <= deadlineMs).toBe(true);
    }),
  );
});
