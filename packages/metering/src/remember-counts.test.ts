import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { rememberCounts } from './remember-counts.ts';

it('gives the answers of the function that it stands for, whatever is asked in which order', () => {
  const pieces = fc.array(fc.constantFrom('', 'a', 'bb', 'ccc', 'dddd', 'eeeee'));
  fc.assert(
    fc.property(pieces, (asked) => {
      const count = rememberCounts(({ length }) => length, 3);
      expect(asked.map(count)).toEqual(asked.map(({ length }) => length));
    }),
  );
});

it('asks once for what it knows, and forgets what was not asked for the longest time', () => {
  const asked: string[] = [];
  const count = rememberCounts((piece) => asked.push(piece), 2);
  for (const piece of ['a', 'b', 'a', 'c', 'a', 'b']) count(piece);
  expect(asked).toEqual(['a', 'b', 'c', 'b']);
});
