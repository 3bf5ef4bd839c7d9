import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countTokens, splitText } from './text.ts';

test('four characters are a token, rounded up', () => {
  expect([0, 1, 4, 5].map(countTokens)).toEqual([0, 1, 1, 2]);
});

test('pieces join to the text, whatever it is', () => {
  const unit = fc.constantFrom(' ', '\n', 'a', '.', 'é', '🌍', '\ud83c');
  const text = fc.string({ unit });
  const pieces = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
  fc.assert(
    fc.property(text, pieces, (given, count) => {
      expect(splitText(given, count).join('')).toBe(given);
    }),
  );
});

test('pieces are as many as asked for while there are characters, none inside one', () => {
  expect(splitText('a🌍b', 2)).toEqual(['a', '🌍b']);
  expect(splitText('ab', 5)).toEqual(['a', 'b']);
  expect(splitText('', 5)).toEqual([]);
});
