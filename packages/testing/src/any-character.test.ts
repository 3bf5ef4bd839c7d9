import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyCharacter } from './any-character.ts';

const sample = fc.sample(anyCharacter, { numRuns: 2_000, seed: 7 });
const codes = sample.map((character) => character.codePointAt(0) ?? -1);

test('is one whole character, of any plane of Unicode', () => {
  for (const character of sample) {
    expect(character).toBe(String.fromCodePoint(character.codePointAt(0) ?? -1));
    expect(character.isWellFormed()).toBe(true);
  }
  expect(Math.min(...codes)).toBeLessThan(0x80);
  for (const plane of [1, 2, 15]) expect(codes.map((code) => code >> 16)).toContain(plane);
});

test('makes strings that are known for trouble', () => {
  const strings = fc.sample(fc.string({ unit: anyCharacter }), { numRuns: 5_000, seed: 7 });
  // `toString`, `constructor` and the like: chance gives no such row.
  expect(strings.filter((text) => /^\w{6,}$/.test(text))).not.toEqual([]);
});
