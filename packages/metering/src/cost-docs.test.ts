import { readFileSync } from 'node:fs';

import type { Price } from '@sluice/config';
import { expect, test } from 'vitest';

import { exactCostOf } from './cost.ts';

const page = readFileSync(new URL('../../../docs/cost.md', import.meta.url), 'utf8');

test('the worked example of docs/cost.md is what the code reckons', () => {
  const shown = /^price: \{ (.+) \}$/m.exec(page)?.[1] ?? '';
  const named = Object.fromEntries(shown.split(', ').map((each) => each.split(': ')));
  const price: Price = {
    inputPerMillion: Number(named['inputPerMillion']),
    outputPerMillion: Number(named['outputPerMillion']),
    cachedInputPerMillion: Number(named['cachedInputPerMillion']),
  };
  const rows = [...page.matchAll(/^\| (\S.*?) +\| +(\d+) \| +([\d.]*) \| +([\d.]+) \|$/gm)];
  const [fresh, cached, output, whole] = rows.map(([, , tokens, rate, usd]) => ({
    tokens: Number(tokens),
    rate: Number(rate),
    usd,
  }));
  if (!fresh || !cached || !output || !whole) throw new Error('the example has four rows');
  const cost = (input: number, cachedInput: number, outputTokens: number) =>
    exactCostOf(
      {
        input_tokens: input,
        cached_input_tokens: cachedInput,
        output_tokens: outputTokens,
        total_tokens: input + outputTokens,
        source: 'provider',
      },
      price,
    );
  const { inputPerMillion, outputPerMillion, cachedInputPerMillion } = price;
  expect([fresh.rate, cached.rate, output.rate]).toEqual([
    inputPerMillion,
    cachedInputPerMillion,
    outputPerMillion,
  ]);
  expect(cost(fresh.tokens, 0, 0)).toBe(fresh.usd);
  expect(cost(cached.tokens, cached.tokens, 0)).toBe(cached.usd);
  expect(cost(0, 0, output.tokens)).toBe(output.usd);
  expect(cost(fresh.tokens + cached.tokens, cached.tokens, output.tokens)).toBe(whole.usd);
});
