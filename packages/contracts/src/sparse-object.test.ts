import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';

import { sparseObject } from './sparse-object.ts';

const shape = {
  needed: z.string(),
  number: z.number().optional(),
  text: z.string().min(2).optional(),
  nothing: z.string().nullable(),
  filled: z.string().default('by default'),
  inner: z.strictObject({ needed: z.boolean() }).optional(),
};
const whole = z.strictObject(shape);

const fields = fc.constantFrom(...Object.keys(shape), 'other', 'number,text', '');
const values = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, 1, 'a', 'text', [], {}, { needed: true }),
  fc.anything(),
);
const bodies = fc.oneof(
  { weight: 9, arbitrary: fc.dictionary(fields, values, { noNullPrototype: true }) },
  fc.anything(),
);

it('finds what the whole contract finds, whatever was read before', () => {
  const sparse = sparseObject(shape);
  fc.assert(
    fc.property(bodies, (body) => {
      expect(sparse.safeParse(body)).toEqual(whole.safeParse(body));
    }),
    { numRuns: 300 },
  );
});

it('a name with a comma is never taken for the fields that it names', () => {
  const sparse = sparseObject(shape);
  const body = { needed: 'a', nothing: null };
  expect(sparse.safeParse({ ...body, 'number,text': 1 }).success).toBe(false);
  expect(sparse.safeParse({ ...body, number: 1, text: 'ab' }).success).toBe(true);
  expect(sparse.safeParse({ ...body, 'number,text': 1 }).success).toBe(false);
});

it('reads on where there are more sets of fields than it keeps', () => {
  const names = Array.from({ length: 9 }, (_, i) => `f${i}`);
  const many = sparseObject(Object.fromEntries(names.map((name) => [name, z.int().optional()])));
  for (let set = 0; set < 512; set += 1) {
    const given = Object.fromEntries(names.filter((_, i) => (set >> i) & 1).map((n) => [n, set]));
    expect(many.parse(given)).toEqual(given);
    expect(many.safeParse({ ...given, other: 1 }).success).toBe(false);
  }
});
