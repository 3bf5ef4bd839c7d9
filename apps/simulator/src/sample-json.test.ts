import { expect, test } from 'vitest';
import { sampleJson } from './sample-json.ts';

test.for([
  [{ type: 'string' }, 'text'],
  [{ type: ['string', 'null'] }, 'text'],
  [{ enum: ['a', 'b'] }, 'a'],
  [{ const: 7 }, 7],
  [{ type: 'boolean' }, true],
  [{ type: 'null' }, null],
  [{ type: 'integer', minimum: 3 }, 3],
  [{ type: 'array', items: { type: 'number' } }, [1]],
  [{ anyOf: [{ type: 'number' }, { type: 'string' }] }, 1],
  [{ properties: { a: { type: 'string' } } }, { a: 'text' }],
  [{ type: 'object' }, {}],
  ['not a schema', 'text'],
] as const)('a sample of %j is %j', ([schema, sample]) => {
  expect(sampleJson(schema, 'text')).toEqual(sample);
});

test('a schema that contains itself ends', () => {
  const schema: Record<string, unknown> = { type: 'array' };
  schema.items = schema;
  expect(JSON.stringify(sampleJson(schema, 'text'))).toContain('text');
});
