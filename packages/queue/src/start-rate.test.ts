import type { Bucket } from '@sluice/config';
import { expect, test } from 'vitest';

import { startsPerWindow } from './start-rate.ts';

const bucket = (unit: Bucket['unit'], limit: number, windowMs: number): Bucket => ({
  unit,
  limit,
  windowMs,
  pacing: 'smooth',
});

test.each([
  ['a quarter more than the rate', [bucket('requests', 250, 5_000)], 7],
  ['the tightest of several', [bucket('requests', 100, 1_000), bucket('requests', 600, 60_000)], 2],
  ['at least one', [bucket('requests', 1, 86_400_000)], 1],
  ['any number without a limit', [], undefined],
  ['any number under a limit of tokens', [bucket('tokens', 1_000, 60_000)], undefined],
  [
    'any number in bursts',
    [{ ...bucket('requests', 10, 1_000), pacing: 'burst' as const }],
    undefined,
  ],
])('%s', (_, buckets, starts) => {
  expect(startsPerWindow({ buckets })).toBe(starts);
});
