import { expect, test } from 'vitest';

import { rankOf } from './priority-rank.ts';

test('classes have disjoint ranges inside the 21 bits of BullMQ, high first', () => {
  const [high, normal, low] = [rankOf('high'), rankOf('normal'), rankOf('low')];
  expect(high).toBe(1);
  expect(normal - high).toBe(low - normal);
  expect(low + (low - normal) - 1).toBeLessThan(2 ** 21);
});
