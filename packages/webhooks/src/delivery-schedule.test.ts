import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { deliverySchedule } from './delivery-schedule.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const schedule = deliverySchedule([0, 5 * second, 5 * minute, 30 * minute, 10 * hour]);

describe('without Retry-After', () => {
  test.for([
    // attempt, chance, delay
    [1, 0, 0],
    [1, 0.999, 0],
    [2, 0, 4 * second],
    [2, 0.5, 5 * second],
    [2, 1, 6 * second],
    [3, 0, 4 * minute],
    [3, 0.5, 5 * minute],
    [4, 0.5, 30 * minute],
    [5, 0.25, 9 * hour],
    [5, 1, 12 * hour],
    [6, 0.5, undefined],
    [100, 0.5, undefined],
    [0, 0.5, undefined],
  ] as const)('attempt %i by chance %d waits %s ms', ([attempt, chance, delayMs]) => {
    expect(schedule.delayBeforeAttemptMs(attempt, () => chance)).toBe(delayMs);
  });
});

describe('with Retry-After', () => {
  test.for([
    // attempt, asked, chance, delay
    ['the schedule wins when it is longer', 3, minute, 0.5, 5 * minute],
    ['the receiver wins when it asks for more', 2, minute, 0, minute],
    ['and chance only adds to that', 2, minute, 1, 72 * second],
    ['but nobody parks a delivery for longer than a day', 2, 365 * day, 0.5, day],
    ['an exhausted schedule stays exhausted', 6, minute, 0.5, undefined],
  ] as const)('%s', ([, attempt, askedMs, chance, delayMs]) => {
    expect(schedule.delayBeforeAttemptMs(attempt, () => chance, askedMs)).toBe(delayMs);
  });
});

test('tells how many attempts there are', () => {
  expect(schedule.attempts).toBe(5);
  expect(deliverySchedule([]).delayBeforeAttemptMs(1, () => 0.5)).toBeUndefined();
});

test('never comes earlier than 80 % of the schedule nor earlier than asked for up to a day', () => {
  const delay = fc.nat(7 * day);
  fc.assert(
    fc.property(delay, delay, fc.double({ min: 0, max: 1, noNaN: true }), (own, asked, chance) => {
      const delayMs = deliverySchedule([own]).delayBeforeAttemptMs(1, () => chance, asked)!;
      expect(delayMs).toBeGreaterThanOrEqual(Math.floor(own * 0.8));
      expect(delayMs).toBeGreaterThanOrEqual(Math.min(asked, day));
      expect(delayMs).toBeLessThanOrEqual(Math.max(Math.ceil(own * 1.2), day));
    }),
  );
});
