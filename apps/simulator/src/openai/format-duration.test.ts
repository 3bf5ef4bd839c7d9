import { expect, test } from 'vitest';
import { formatDuration } from './format-duration.ts';

test.for([
  [0, '0ms'],
  [19.2, '20ms'],
  [1000, '1s'],
  [7660, '7.66s'],
  [59_999.5, '1m0s'],
  [90_000, '1m30s'],
  [360_000, '6m0s'],
  [3_723_000, '1h2m3s'],
] as const)('%d ms is written %s', ([ms, text]) => {
  expect(formatDuration(ms)).toBe(text);
});
