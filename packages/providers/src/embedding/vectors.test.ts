import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatVector, isVector } from './vectors.ts';

describe('a vector', () => {
  it('in base64 is little-endian float32', () => {
    expect(formatVector([1, -2, 0.5], 'base64')).toBe('AACAPwAAAMAAAAA/');
    expect(formatVector('AACAPwAAAMAAAAA/')).toEqual([1, -2, 0.5]);
  });

  it('that has the form that was asked for is not touched', () => {
    expect(formatVector([0.1])).toEqual([0.1]);
    expect(formatVector('AACAPw==', 'base64')).toBe('AACAPw==');
  });

  it('of float32s is the same after both ways', () => {
    const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
    fc.assert(
      fc.property(floats, (numbers) => {
        const base64 = formatVector(numbers, 'base64');
        expect(isVector(base64)).toBe(true);
        expect(formatVector(base64)).toEqual(numbers);
      }),
    );
  });

  it.each([[[]], [[1, 'a']], [[null]], [[Number.NaN]], [''], ['AAAA'], [7], [null], [undefined]])(
    'is not %j',
    (value) => {
      expect(isVector(value)).toBe(false);
    },
  );
});
