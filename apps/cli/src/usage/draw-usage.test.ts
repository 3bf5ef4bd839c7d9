import { expect, test } from 'vitest';

import { drawUsage } from './draw-usage.ts';

const result = {
  model: 'fast',
  num_model_requests: 12,
  num_cache_hits: 3,
  input_tokens: 1_000,
  output_tokens: 20,
  cost_usd: '0.5',
  cost_unknown_requests: 0,
  saved_usd: '0.125',
};

test('usage is a table with bars as long as the costs', () => {
  const dear = { ...result, model: 'large', cost_usd: '1', cost_unknown_requests: 1 };
  const data = [{ start_time: 1_795_737_600, results: [result, dear] }];
  expect(drawUsage({ data })).toBe(
    [
      'UTC               model  calls  hits  input  output  cost $  saved $',
      `2026-11-27 00:00  fast      12     3   1000      20     0.5    0.125  ${'█'.repeat(15)}`,
      `2026-11-27 00:00  large     12     3   1000      20       1    0.125  ${'█'.repeat(30)} + unknown`,
      '',
    ].join('\n'),
  );
});

test('without calls it says so', () => {
  expect(drawUsage({ data: [{ start_time: 0, results: [] }] })).toBe('no calls in this time\n');
});
