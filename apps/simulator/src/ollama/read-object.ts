/** A JSON object; undefined when the value is none. */
export function readObject(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // A checked, non-array object: every field is read as unknown.
  return value as Record<string, unknown>;
}
