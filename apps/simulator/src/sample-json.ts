const MAX_DEPTH = 20;

/**
 * The simplest value a JSON Schema accepts, as far as the simulator understands it: the first enum
 * value or alternative, all properties, one item an array, `text` for every string.
 */
export function sampleJson(schema: unknown, text: string, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return text;
  const rules = schema as Record<string, unknown>;
  if ('const' in rules) return rules.const;
  if (Array.isArray(rules.enum)) return rules.enum[0];
  const alternatives = rules.anyOf ?? rules.oneOf;
  if (Array.isArray(alternatives)) return sampleJson(alternatives[0], text, depth + 1);
  switch (Array.isArray(rules.type) ? rules.type[0] : rules.type) {
    case 'array':
      return [sampleJson(rules.items, text, depth + 1)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return typeof rules.minimum === 'number' ? rules.minimum : 1;
    case 'null':
      return null;
    case 'object':
      return sampleObject(rules.properties, text, depth);
    default:
      return 'properties' in rules ? sampleObject(rules.properties, text, depth) : text;
  }
}

function sampleObject(properties: unknown, text: string, depth: number): Record<string, unknown> {
  const entries = Object.entries(properties ?? {});
  return Object.fromEntries(
    entries.map(([name, schema]) => [name, sampleJson(schema, text, depth + 1)]),
  );
}
