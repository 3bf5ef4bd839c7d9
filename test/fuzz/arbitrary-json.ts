import * as fc from 'fast-check';

/** The part of JSON Schema that the OpenAPI document uses. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

/** Values that have broken parsers, stores and scripts before. */
export const hostileStrings = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e\u200b',
  '💥'.repeat(40),
  '../../etc/passwd',
  '%00%ff%',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'toString',
  '{sluice:0}:x',
  '}:{',
  'job_',
  'job_00000000000000000000000000',
  'null',
  'NaN',
  '-1',
  '1e999',
  '9'.repeat(40),
  '2026-13-45T99:99:99Z',
  'http://127.0.0.1/',
  'https://example.com/hook',
  'x'.repeat(5_000),
] as const;

/** What the stack under test knows, so that some requests get past the door. */
const namesOfTheStack = ['chat', 'flow', 'openai', 'dify', 'default'];

const hostileValues = fc.oneof(
  fc.constantFrom<unknown>(...hostileStrings),
  fc.constantFrom<unknown>(null, true, [], {}, -1, -0, 0.1, 1e308, 2 ** 53, [[[[]]]], {
    a: { b: [] },
  }),
  fc
    .integer({ min: 1, max: 200 })
    .map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))),
  fc.jsonValue(),
);

/** Mostly what the schema takes, at every place now and then something that it does not. */
export function arbitraryOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const valid = validOf(schema, depth);
  return fc.oneof({ weight: 24, arbitrary: valid }, { weight: 1, arbitrary: hostileValues });
}

function validOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth > 8) return hostileValues;
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => arbitraryOf(choice, depth + 1)));
  if (schema.allOf) {
    const merged = Object.assign({}, ...schema.allOf) as Schema;
    return arbitraryOf(merged, depth + 1);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  return ofType(type, schema, depth);
}

function ofType(type: string | undefined, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const { minimum: min = 0, maximum: max = 1_000 } = schema;
  switch (type) {
    case 'string':
      return fc.oneof(
        fc.constantFrom(...namesOfTheStack),
        fc.constantFrom(...hostileStrings),
        fc.string({ maxLength: 40 }),
      );
    case 'integer':
      return fc.oneof(fc.integer({ min: Math.ceil(min), max: Math.floor(max) }), fc.integer());
    case 'number':
      return fc.oneof(fc.double({ min, max, noNaN: true }), fc.double({ noNaN: true }));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, depth + 1), { maxLength: 3 });
    case 'object':
      return objectOf(schema, depth);
    default:
      return hostileValues;
  }
}

function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const entries = Object.entries(properties).map(
    ([name, property]) => [name, arbitraryOf(property, depth + 1)] as const,
  );
  const known = fc.record(Object.fromEntries(entries), {
    requiredKeys: required.filter((name) => name in properties),
  });
  const more =
    typeof additionalProperties === 'object'
      ? arbitraryOf(additionalProperties, depth + 1)
      : hostileValues;
  const names = fc.oneof(fc.constantFrom(...hostileStrings), fc.string({ maxLength: 20 }));
  const unknown = fc.dictionary(names, more, { maxKeys: 2 });
  const weight = typeof additionalProperties === 'object' ? 10 : 1;
  return fc
    .tuple(
      known,
      fc.oneof({ weight: 12, arbitrary: fc.constant({}) }, { weight, arbitrary: unknown }),
    )
    .map(([first, second]) => ({ ...first, ...second }));
}
