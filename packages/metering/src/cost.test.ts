import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Price } from '@sluice/config';
import type { Usage } from '@sluice/contracts';

import { costOf, exactCostOf, promptCacheSavings, sumCosts } from './cost.ts';

const price: Price = { inputPerMillion: 0.2, outputPerMillion: 1.25, cachedInputPerMillion: 0.02 };

function usage(parts: Partial<Usage>): Usage {
  return { total_tokens: 0, source: 'provider', ...parts };
}

describe('costOf', () => {
  it.each<[string, Partial<Usage>, Partial<Price>, string]>([
    ['input and output', { input_tokens: 1_000, output_tokens: 1_000 }, {}, '0.001450'],
    [
      'sound, whose price is not that of text',
      { input_tokens: 9, output_tokens: 9, audio_tokens: 1 },
      {},
      'unknown',
    ],
    ['nothing', { input_tokens: 0, output_tokens: 0 }, {}, '0.000000'],
    ['a million of each', { input_tokens: 1e6, output_tokens: 1e6 }, {}, '1.450000'],
    [
      'cached input at its own price',
      { input_tokens: 1_000, cached_input_tokens: 400, output_tokens: 0 },
      {},
      '0.000128',
    ],
    [
      'more cached than whole input as cached',
      { input_tokens: 1_000, cached_input_tokens: 4_000, output_tokens: 0 },
      {},
      '0.000020',
    ],
    [
      'cache writes at their own price',
      { input_tokens: 1_000, cache_write_input_tokens: 1_000, output_tokens: 0 },
      { cacheWriteInputPerMillion: 0.25 },
      '0.000250',
    ],
    [
      'cache writes as input where they have no price',
      { input_tokens: 1_000, cache_write_input_tokens: 1_000, output_tokens: 0 },
      {},
      '0.000200',
    ],
    [
      'cache writes for an hour at their own price',
      {
        input_tokens: 1_000,
        cache_write_input_tokens: 1_000,
        cache_write_1h_input_tokens: 400,
        output_tokens: 0,
      },
      { cacheWriteInputPerMillion: 0.25, cacheWrite1hInputPerMillion: 0.5 },
      '0.000350',
    ],
    [
      'cache writes for an hour as unknown where only those for five minutes have a price',
      {
        input_tokens: 1_000,
        cache_write_input_tokens: 1_000,
        cache_write_1h_input_tokens: 1,
        output_tokens: 0,
      },
      { cacheWriteInputPerMillion: 0.25 },
      'unknown',
    ],
    [
      'half a millionth rounded up',
      { input_tokens: 1, output_tokens: 0 },
      { inputPerMillion: 0.5 },
      '0.000001',
    ],
    [
      'less than half rounded down',
      { input_tokens: 1, output_tokens: 0 },
      { inputPerMillion: 0.49 },
      '0.000000',
    ],
    [
      'what binary fractions cannot hold',
      { input_tokens: 3, output_tokens: 0 },
      { inputPerMillion: 0.1 + 0.05 },
      '0.000000',
    ],
    [
      'input up to where the price holds',
      { input_tokens: 10, output_tokens: 0 },
      { upToInputTokens: 10, inputPerMillion: 1 },
      '0.000010',
    ],
    [
      'input beyond it as unknown',
      { input_tokens: 11, output_tokens: 0 },
      { upToInputTokens: 10 },
      'unknown',
    ],
    ['minutes of sound', { audio_seconds: 90 }, { perMinute: 0.006 }, '0.009000'],
    ['sound of unknown length as unknown', {}, { perMinute: 0.006 }, 'unknown'],
    ['search units', { search_units: 3 }, { perThousandSearchUnits: 2 }, '0.006000'],
    [
      'tokens without search units as unknown',
      { input_tokens: 3, output_tokens: 0 },
      { perThousandSearchUnits: 2 },
      'unknown',
    ],
    [
      'a larger call by its tier, with every token of it',
      { input_tokens: 101, cached_input_tokens: 100, output_tokens: 10 },
      {
        tiers: [
          {
            aboveInputTokens: 100,
            inputPerMillion: 2,
            outputPerMillion: 3,
            cachedInputPerMillion: 1,
          },
          { aboveInputTokens: 1_000, inputPerMillion: 9, outputPerMillion: 9 },
        ],
      },
      '0.000132',
    ],
    [
      'a call of the size of a tier not by it',
      { input_tokens: 100, output_tokens: 0 },
      { tiers: [{ aboveInputTokens: 100, inputPerMillion: 2, outputPerMillion: 3 }] },
      '0.000020',
    ],
    [
      'cached input of unknown price as unknown',
      { input_tokens: 10, cached_input_tokens: 1, output_tokens: 0 },
      { cachedInputPerMillion: 'unknown' },
      'unknown',
    ],
    [
      'none of it at the price that is known',
      { input_tokens: 10, output_tokens: 0 },
      { cachedInputPerMillion: 'unknown', cacheWriteInputPerMillion: 'unknown' },
      '0.000002',
    ],
    ['no split as unknown', { total_tokens: 100 }, {}, 'unknown'],
    ['no output as unknown', { input_tokens: 100 }, {}, 'unknown'],
  ])('charges %s', (_case, parts, more, cost) => {
    expect(costOf(usage(parts), { ...price, ...more })).toBe(cost);
  });

  it('charges cached input as input where it has no price', () => {
    const cached = usage({ input_tokens: 1_000, cached_input_tokens: 400, output_tokens: 0 });
    expect(costOf(cached, { inputPerMillion: 0.2, outputPerMillion: 1 })).toBe('0.000200');
  });

  it('is unknown without usage or price', () => {
    expect(costOf(undefined, price)).toBe('unknown');
    expect(costOf(usage({ input_tokens: 1, output_tokens: 1 }), undefined)).toBe('unknown');
  });

  it('equals integer arithmetic for whole prices', () => {
    const tokens = fc.integer({ min: 0, max: 1e9 });
    const dollars = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(tokens, tokens, dollars, dollars, (input, output, perInput, perOutput) => {
        const micros = BigInt(input) * BigInt(perInput) + BigInt(output) * BigInt(perOutput);
        const cost = costOf(usage({ input_tokens: input, output_tokens: output }), {
          inputPerMillion: perInput,
          outputPerMillion: perOutput,
        });
        expect(cost).toMatch(/^\d+\.\d{6}$/);
        expect(BigInt(cost.replace('.', ''))).toBe(micros);
      }),
    );
  });
});

describe('sumCosts', () => {
  it.each([
    [[], '0.000000'],
    [['0.100000', '0.200000'], '0.300000'],
    [['0.100000', 'unknown'], 'unknown'],
    [['9007199254740993.000001', '0.000001'], '9007199254740993.000002'],
  ])('of %j is %s', (costs, sum) => {
    expect(sumCosts(costs)).toBe(sum);
  });
});

describe('a part of the price', () => {
  const taken = usage({ input_tokens: 1_000, output_tokens: 1_001 });

  it('is that part of the whole, exactly', () => {
    expect(exactCostOf(taken, price, 0.5)).toBe('0.000725625');
    expect(exactCostOf(taken, price)).toBe('0.00145125');
  });

  it('of what is unknown is unknown', () => {
    expect(exactCostOf(undefined, price, 0.5)).toBe('unknown');
  });
});

describe('what the prompt cache of a vendor spared', () => {
  const dear = { ...price, cacheWriteInputPerMillion: 0.25 };

  it.each<[string, Partial<Usage>, string | undefined]>([
    ['is what was read, at the difference', { cached_input_tokens: 1_000 }, '0.00018'],
    [
      'is less than nothing where it was only written',
      { cache_write_input_tokens: 1_000 },
      '-0.00005',
    ],
    ['is both together', { cached_input_tokens: 500, cache_write_input_tokens: 500 }, '0.000065'],
    ['is nothing to tell where it did nothing', { cached_input_tokens: 0 }, undefined],
    [
      'is not known where a price is not',
      { cache_write_1h_input_tokens: 9, cache_write_input_tokens: 9 },
      undefined,
    ],
  ])('%s', (_what, parts, saved) => {
    const counted = usage({ input_tokens: 1_000, output_tokens: 7, ...parts });
    expect(promptCacheSavings(counted, dear)).toBe(saved);
    expect(promptCacheSavings(counted, undefined)).toBeUndefined();
  });

  it('is that part of it in a batch of the vendor’s, which the batch’s own discount is not', () => {
    const parts = { input_tokens: 1_000, output_tokens: 7, cached_input_tokens: 1_000 };
    const counted = usage(parts);
    expect(promptCacheSavings(counted, dear, 0.5)).toBe('0.00009');
    const plain = usage({ ...parts, cached_input_tokens: 0 });
    const saved = Number(exactCostOf(plain, dear, 0.5)) - Number(exactCostOf(counted, dear, 0.5));
    expect(saved).toBeCloseTo(0.00009, 12);
    expect(promptCacheSavings(plain, dear, 0.5)).toBeUndefined();
  });
});
