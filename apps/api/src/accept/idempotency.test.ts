import fc from 'fast-check';
import type { Request } from 'express';
import { describe, expect, it } from 'vitest';

import { fingerprintOf, idempotencyKeyOf } from './idempotency.ts';

// Only the headers are read.
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } }) as unknown as Request;

describe('idempotencyKeyOf', () => {
  it.each([
    ['abc-123', 'abc-123'],
    ['  abc  ', 'abc'],
    ['"abc 123"', 'abc 123'],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('reads %j', (given, key) => {
    expect(idempotencyKeyOf(withKey(given))).toBe(key);
  });

  it.each(['', '""', 'x'.repeat(256), 'caf\u00e9', 'a\tb'])('refuses %j', (given) => {
    expect(() => idempotencyKeyOf(withKey(given))).toThrow(/Idempotency-Key: must be 1 to 255/);
  });
});

describe('fingerprintOf', () => {
  it('is the same for the same JSON with its keys in another order', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, child]) => [key, reversed(child)])
          .toReversed(),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const value: unknown = JSON.parse(JSON.stringify(given));
        expect(fingerprintOf(reversed(value))).toBe(fingerprintOf(value));
      }),
    );
  });

  it('differs for other values, other keys and another order of a list', () => {
    const bodies = [{ a: 1 }, { a: '1' }, { b: 1 }, { a: [1, 2] }, { a: [2, 1] }, { a: { b: 1 } }];
    expect(new Set(bodies.map(fingerprintOf)).size).toBe(bodies.length);
  });
});
