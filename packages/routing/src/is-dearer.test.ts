import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Price } from '@sluice/config';

import { isDearer } from './is-dearer.ts';

const price = (inputPerMillion: number, outputPerMillion: number): Price => {
  return { inputPerMillion, outputPerMillion };
};

describe('isDearer', () => {
  it.each<[string, Price | undefined, Price | undefined, boolean]>([
    ['an equal price', price(1, 2), price(1, 2), false],
    ['a lower price', price(1, 2), price(0.5, 2), false],
    ['dearer input', price(1, 2), price(1.1, 1), true],
    ['dearer output', price(1, 2), price(0.1, 2.1), true],
    ['an unknown price', price(1, 2), undefined, true],
    ['any price beside an unknown one', undefined, price(9, 9), false],
    [
      'dearer long prompts',
      price(1, 2),
      { ...price(1, 2), tiers: [{ aboveInputTokens: 9, ...price(2, 2) }] },
      true,
    ],
    [
      'long prompts as dear as those of the first',
      { ...price(1, 2), tiers: [{ aboveInputTokens: 9, ...price(2, 4) }] },
      { ...price(1, 2), tiers: [{ aboveInputTokens: 20, ...price(2, 3) }] },
      false,
    ],
    ['dearer minutes', { ...price(0, 0), perMinute: 1 }, { ...price(0, 0), perMinute: 2 }, true],
    ['cheaper minutes', { ...price(0, 0), perMinute: 1 }, { ...price(9, 9), perMinute: 1 }, false],
    ['another unit', { ...price(0, 0), perMinute: 1 }, price(0, 0), true],
  ])('%s', (_case, first, other, expected) => {
    expect(isDearer(first, other)).toBe(expected);
  });

  it('is false only where no call costs more', () => {
    const rate = fc.integer({ min: 0, max: 5 });
    const some = fc.record({ inputPerMillion: rate, outputPerMillion: rate });
    const tier = fc.record({
      aboveInputTokens: fc.integer({ min: 1, max: 30 }),
      inputPerMillion: rate,
      outputPerMillion: rate,
    });
    const prices = fc
      .tuple(
        some,
        fc.uniqueArray(tier, { selector: (each) => each.aboveInputTokens, maxLength: 3 }),
      )
      .map(([base, tiers]): Price => ({ ...base, tiers }));
    const calls = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(prices, prices, calls, (first, other, [input, output]) => {
        if (isDearer(first, other)) return;
        expect(costOf(other, input, output)).toBeLessThanOrEqual(costOf(first, input, output));
      }),
    );
  });
});

function costOf({ tiers = [], ...base }: Price, input: number, output: number): number {
  let rates = base;
  for (const tier of tiers.toSorted((a, b) => a.aboveInputTokens - b.aboveInputTokens)) {
    if (input > tier.aboveInputTokens) rates = tier;
  }
  return input * rates.inputPerMillion + output * rates.outputPerMillion;
}
