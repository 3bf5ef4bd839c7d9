/** An object without the fields that are null: clients of OpenAI send null for what they leave out. Anything else as it is. */
export function dropNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (!Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

/** Each entry of a list, changed; what is no list as it is, for the schema to complain of. */
export function mapList(value: unknown, change: (entry: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(change) : value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
