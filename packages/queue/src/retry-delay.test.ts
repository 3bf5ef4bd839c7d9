import { assert, double, integer, option, property } from 'fast-check';
import { expect, test } from 'vitest';

import { retryDelayMs } from './retry-delay.ts';

const policy = { maxAttempts: 5, initialDelayMs: 500, maxDelayMs: 8_000 };

test.each([
  [1, 500],
  [2, 1_000],
  [5, 8_000],
  [50, 8_000],
])('after failure %d the pause is at most %d ms', (failures, ceiling) => {
  expect(retryDelayMs(policy, failures, { random: () => 0.999_999 })).toBe(ceiling);
  expect(retryDelayMs(policy, failures, { random: () => 0 })).toBe(0);
});

test('is never shorter than what the upstream asks for and never longer than the policy or that', () => {
  assert(
    property(
      integer({ min: 1, max: 1_000 }),
      double({ min: 0, max: 0.999_999, noNaN: true }),
      option(integer({ min: 0, max: 600_000 }), { nil: undefined }),
      (failures, chance, retryAfterMs) => {
        const delayMs = retryDelayMs(policy, failures, { random: () => chance, retryAfterMs });
        expect(delayMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        expect(delayMs).toBeLessThanOrEqual(Math.max(policy.maxDelayMs, retryAfterMs ?? 0));
      },
    ),
  );
});
