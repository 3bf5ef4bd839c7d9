import { describe, expect, it } from 'vitest';

import { embedLocally, similarityOf } from './embed-locally.ts';
import { isSameQuestion } from './is-same-question.ts';
import { turnedPairs } from './turned-pairs.ts';

describe('whether two questions are the same', () => {
  it.each([
    ['How do I reset my password?', 'how can I reset the password'],
    ['What is the capital of France?', 'Please tell me the capital of France'],
    ['Explain how to bake bread', 'could you explain how to bake a bread?'],
    ["Why doesn't the printer work", 'why does the printer not work'],
    ['Give me the opening hours of the shop', 'show me the opening hour of the shop'],
  ])('takes "%s" and "%s" for the same', (one, other) => {
    expect(isSameQuestion(one, other)).toBe(true);
    expect(isSameQuestion(other, one)).toBe(true);
  });

  it.each(turnedPairs())('tells "%s" from "%s"', (one, other) => {
    expect(isSameQuestion(one, other)).toBe(false);
    expect(isSameQuestion(other, one)).toBe(false);
  });

  it('is needed: by their vectors most of those pairs are alike', () => {
    const alike = turnedPairs().filter(
      ([one, other]) => similarityOf(embedLocally(one), embedLocally(other)) > 0.75,
    );
    expect(alike.length).toBeGreaterThan(100);
  });
});
