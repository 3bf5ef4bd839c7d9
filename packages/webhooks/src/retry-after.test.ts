import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { maxRetryAfterMs, parseRetryAfter } from './retry-after.ts';

const nowMs = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

test.for([
  ['0', undefined, undefined],
  ['1', undefined, 1_000],
  ['120', undefined, 120_000],
  ['86400', undefined, maxRetryAfterMs],
  ['86401', undefined, maxRetryAfterMs],
  ['9'.repeat(400), undefined, maxRetryAfterMs],
  ['Thu, 01 Jan 2026 01:00:00 GMT', undefined, hour],
  ['Thursday, 01-Jan-26 01:00:00 GMT', undefined, hour],
  ['Wed, 31 Dec 2025 23:00:00 GMT', undefined, undefined],
  ['Fri, 01 Jan 2027 00:00:00 GMT', undefined, maxRetryAfterMs],
  // The receiver's clock is two hours ahead: its own Date says so.
  ['Thu, 01 Jan 2026 03:00:00 GMT', 'Thu, 01 Jan 2026 02:00:00 GMT', hour],
  ['Thu, 01 Jan 2026 01:00:00 GMT', 'Thu, 01 Jan 2026 02:00:00 GMT', undefined],
  ['Thu, 01 Jan 2026 01:00:00 GMT', 'yesterday', hour],
  ['120', 'Thu, 01 Jan 2020 02:00:00 GMT', 120_000],
  [undefined, undefined, undefined],
  ['', undefined, undefined],
  ['-1', undefined, undefined],
  ['1.5', undefined, undefined],
  ['1e9', undefined, undefined],
  ['0x10', undefined, undefined],
  [' 5', undefined, undefined],
  ['soon', undefined, undefined],
  ['Xxx, nonsense GMT', undefined, undefined],
  ['2027-01-01', undefined, undefined],
  ['NaN', undefined, undefined],
  ['Infinity', undefined, undefined],
] as const)('Retry-After "%s" with Date "%s" asks for %s ms', ([retryAfter, date, waitMs]) => {
  expect(parseRetryAfter(retryAfter, date, nowMs)).toBe(waitMs);
});

test('whatever a receiver writes, the wait is absent or between 0 and a day', () => {
  const text = fc.oneof(fc.string(), fc.date().map(String), fc.integer().map(String));
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (retryAfter, date) => {
      const waitMs = parseRetryAfter(retryAfter, date, nowMs) ?? 1;
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(maxRetryAfterMs);
    }),
  );
});
