import { expect, it } from 'vitest';

import { sumUsage } from './sum-usage.ts';

it('adds what every call gives and leaves out what one does not', () => {
  expect(
    sumUsage([
      {
        input_tokens: 10,
        cached_input_tokens: 0,
        output_tokens: 5,
        total_tokens: 15,
        source: 'provider',
      },
      {
        input_tokens: 1,
        output_tokens: 2,
        reasoning_tokens: 1,
        total_tokens: 3,
        source: 'estimate',
      },
    ]),
  ).toEqual({ input_tokens: 11, output_tokens: 7, total_tokens: 18, source: 'estimate' });
});

it('keeps zeros that were given', () => {
  const none = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  expect(sumUsage([{ ...none, source: 'provider' }])).toEqual({ ...none, source: 'provider' });
});

it('of no call is not known', () => {
  expect(sumUsage([])).toBeUndefined();
});
