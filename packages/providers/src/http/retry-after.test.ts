import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { retryAfterMs } from './retry-after.ts';

const nowMs = Date.UTC(2026, 10, 21, 10, 0, 0);
const maxMs = 600_000;

describe('how long an upstream asks to wait', () => {
  it.each([
    ['2', 2_000],
    ['0', 0],
    ['0.5', 500],
    [' 3 ', 3_000],
    ['1000000000', maxMs],
    ['1e9', maxMs],
    ['9'.repeat(400), maxMs],
    ['20s', 20_000],
    ['-1', undefined],
    ['-0.5', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['0x10', undefined],
    ['', undefined],
    ['tomorrow', undefined],
    ['2026-11-21', undefined],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:59:00 GMT', undefined],
    ['Sat, 21 Nov 2099 10:00:00 GMT', maxMs],
    ['Sat, 99 Nov 2026 10:00:00 GMT', undefined],
  ])('is read from retry-after "%s"', (value, waitMs) => {
    expect(retryAfterMs({ 'retry-after': value }, {}, nowMs)).toBe(waitMs);
  });

  it.each([
    ['37s', 37_000],
    ['0.5s', 500],
    ['1.337337s', 1_338],
    ['-5s', undefined],
    ['soon', undefined],
  ])('is read from the retryDelay "%s" of a Google error', (retryDelay, waitMs) => {
    expect(retryAfterMs({}, { retryDelay }, nowMs)).toBe(waitMs);
    const said = { retryDelay: '2s', message: 'Please retry in 3s.' };
    expect(retryAfterMs({}, said, nowMs)).toBe(2_000);
    expect(retryAfterMs({ 'retry-after': '1' }, said, nowMs)).toBe(1_000);
  });

  it.each([-3_600_000, 0, 3_600_000])('is right though the clocks differ by %i ms', (skewMs) => {
    const headers = {
      date: new Date(nowMs + skewMs).toUTCString(),
      'retry-after': new Date(nowMs + skewMs + 45_000).toUTCString(),
    };
    expect(retryAfterMs(headers, {}, nowMs)).toBe(45_000);
  });

  it('is what the most exact header says', () => {
    const all = { 'retry-after-ms': '70', 'x-ms-retry-after-ms': '80', 'retry-after': '9' };
    expect(retryAfterMs(all, { message: 'try again in 3s' }, nowMs)).toBe(70);
    const { 'retry-after-ms': _exact, ...rest } = all;
    expect(retryAfterMs(rest, { message: 'try again in 3s' }, nowMs)).toBe(80);
    expect(retryAfterMs({ 'retry-after': '9' }, { message: 'try again in 3s' }, nowMs)).toBe(9_000);
  });

  it('is what the next one says if a header is nonsense', () => {
    const headers = { 'retry-after-ms': '-1', 'retry-after': 'soon' };
    expect(retryAfterMs(headers, { message: 'Please retry after 20 seconds.' }, nowMs)).toBe(
      20_000,
    );
  });

  it.each([
    ['Please try again in 12.525s. Visit …', 12_525],
    ['Please try again in 6ms.', 6],
    ['try again in 1m30.5s', 90_500],
    ['Try again in 2h', maxMs],
    ['Please retry after 20 seconds.', 20_000],
    ['Please retry after 86400 seconds', maxMs],
    ['Please retry in 34.07s.', 34_070],
    ['please wait 1 minute and', 60_000],
    ['try again in 1 minute 30 seconds', 90_000],
    ['try again in 500 milliseconds', 500],
    ['Please try again later.', undefined],
    ['try again in a moment', undefined],
    ['try again in 5 moons', undefined],
    ['Limit 3, Used 3', undefined],
  ])('is read from the text "%s"', (message, waitMs) => {
    expect(retryAfterMs({}, { message }, nowMs)).toBe(waitMs);
  });

  it.each([
    ['6m0s', 360_000],
    ['7.66s', 7_660],
    ['20ms', 20],
    ['30', 30_000],
    [String(nowMs / 1000 + 12), 12_000],
    [String(nowMs + 12_000), 12_000],
    ['2026-11-21T10:00:12Z', 12_000],
    ['later', undefined],
    [String(nowMs / 1000 - 12), undefined],
  ])('is the reset "%s" of what is used up', (reset, waitMs) => {
    const headers = { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': reset };
    expect(retryAfterMs(headers, {}, nowMs)).toBe(waitMs);
  });

  it('is the longest reset of what is used up, and of nothing else', () => {
    const headers = {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '2s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '5s',
      'x-ratelimit-remaining-project-tokens': '100',
      'x-ratelimit-reset-project-tokens': '9s',
      'x-ratelimit-remaining-images': '-1',
      'x-ratelimit-reset-images': '9s',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T10:00:07Z',
    };
    expect(retryAfterMs(headers, {}, nowMs)).toBe(7_000);
  });

  it('is between nothing and ten minutes, whatever the upstream sends', () => {
    const text = fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String));
    const names = ['retry-after', 'retry-after-ms', 'date', 'x-ratelimit-reset-tokens'];
    const headers = fc.dictionary(fc.constantFrom(...names), text);
    fc.assert(
      fc.property(headers, text, (given, message) => {
        const exhausted = { ...given, 'x-ratelimit-remaining-tokens': '0' };
        const waitMs = retryAfterMs(exhausted, { message }, nowMs) ?? 0;
        expect(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= maxMs).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
