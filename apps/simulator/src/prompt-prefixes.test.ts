import { expect, it } from 'vitest';

import type { Clock } from './clock.ts';
import { PromptPrefixes } from './prompt-prefixes.ts';

const prompt = 'x'.repeat(8_000);

function setUp() {
  let nowMs = 0;
  // As much of a clock as is looked at.
  const clock = { now: () => nowMs } as unknown as Clock;
  return { prefixes: new PromptPrefixes(clock), pass: (ms: number) => (nowMs += ms) };
}

it('reads of a prompt what an equal one had, in steps of 128 tokens', () => {
  const { prefixes } = setUp();
  expect(prefixes.read('a', prompt)).toBe(0);
  expect(prefixes.read('a', prompt)).toBe(1_920);
  expect(prefixes.read('a', `${prompt.slice(0, 5_000)}y${prompt}`)).toBe(1_152);
});

it('reads nothing of another scope, of a short prompt, or after a while', () => {
  const { prefixes, pass } = setUp();
  prefixes.read('a', prompt);
  expect(prefixes.read('b', prompt)).toBe(0);
  const short = 'x'.repeat(4_000);
  expect([prefixes.read('a', short), prefixes.read('a', short)]).toEqual([0, 0]);
  pass(600_001);
  expect(prefixes.read('a', prompt)).toBe(0);
  prefixes.clear();
  expect(prefixes.read('a', prompt)).toBe(0);
});
