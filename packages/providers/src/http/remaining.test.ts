import { expect, test } from 'vitest';

import { remainingOf } from './remaining.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');

test('reads what OpenAI says is left', () => {
  const headers = {
    'x-ratelimit-remaining-requests': '59',
    'x-ratelimit-reset-requests': '1s',
    'x-ratelimit-remaining-tokens': '149984',
    'x-ratelimit-reset-tokens': '6m0s',
  };
  expect(remainingOf(headers, 'openai', nowMs)).toEqual([
    { unit: 'requests', units: 59, resetMs: 1_000 },
    { unit: 'tokens', units: 149_984, resetMs: 360_000 },
  ]);
});

test('reads what Anthropic says is left of input and output', () => {
  const headers = {
    'anthropic-ratelimit-input-tokens-remaining': '2000',
    'anthropic-ratelimit-input-tokens-reset': '2026-11-21T12:00:30Z',
    'anthropic-ratelimit-output-tokens-remaining': '0',
  };
  expect(remainingOf(headers, 'anthropic', nowMs)).toEqual([
    { unit: 'inputTokens', units: 2_000, resetMs: 30_000 },
    { unit: 'outputTokens', units: 0, resetMs: undefined },
  ]);
});

test.each([
  ['-1', 'openai'],
  ['unknown', 'openai'],
  ['', 'openai'],
  ['9'.repeat(40), 'openai'],
  ['0', 'azure-openai'],
])('takes %j of %s for nothing said', (text, kind) => {
  expect(remainingOf({ 'x-ratelimit-remaining-requests': text }, kind, nowMs)).toEqual([]);
});

test('a reset in the past or without sense is not said', () => {
  for (const reset of ['2020-01-01T00:00:00Z', 'soon']) {
    const headers = { 'x-ratelimit-remaining-tokens': '7', 'x-ratelimit-reset-tokens': reset };
    expect(remainingOf(headers, 'openai', nowMs)).toEqual([
      { unit: 'tokens', units: 7, resetMs: undefined },
    ]);
  }
});
