import type { ProfileName } from '@sluice/config';
import type { Usage } from '@sluice/contracts';
import { expect, test } from 'vitest';

import type { PermitAmounts } from './permit.ts';
import { profiles, type CallEstimate } from './profiles.ts';

const estimate: CallEstimate = { input: 300, maxOutput: 1_000, expectedOutput: 200 };
const usage: Usage = {
  input_tokens: 310,
  cached_input_tokens: 250,
  output_tokens: 90,
  total_tokens: 400,
  source: 'provider',
};

const cases: [ProfileName, before: PermitAmounts, after: PermitAmounts][] = [
  ['openai', { tokens: 1_000, inputTokens: 300, outputTokens: 200 }, { tokens: 400 }],
  ['azure', { tokens: 1_300 }, { tokens: 400 }],
  [
    'anthropic',
    { tokens: 500, inputTokens: 300, outputTokens: 200 },
    { tokens: 150, inputTokens: 60, outputTokens: 90 },
  ],
  ['gemini', { tokens: 300, inputTokens: 300 }, { tokens: 310, inputTokens: 310 }],
  ['plain', { tokens: 500 }, { tokens: 400, inputTokens: 310, outputTokens: 90 }],
];

test.each(cases)('%s reserves and settles as its vendor counts', (name, before, after) => {
  const reserved = profiles[name].reserve(estimate);
  expect(reserved).toMatchObject({ requests: 1, ...before });
  expect(profiles[name].settle(usage, reserved)).toMatchObject({ requests: 1, ...after });
});

test('a call without a bound on its output reserves what calls like it bring back', () => {
  const { maxOutput: _, ...unbounded } = estimate;
  expect(profiles.openai.reserve(unbounded)).toMatchObject({ tokens: 300, outputTokens: 200 });
  expect(profiles.azure.reserve(unbounded)).toMatchObject({ tokens: 300 + 4_096 });
  expect(profiles.anthropic.reserve(unbounded)).toMatchObject({ outputTokens: 200 });
});

test('a part that the usage does not give stays as it was reserved', () => {
  const reserved = profiles.anthropic.reserve(estimate);
  const partial: Usage = { total_tokens: 77, source: 'provider' };
  expect(profiles.anthropic.settle(partial, reserved)).toEqual({ ...reserved, tokens: 77 });
});
