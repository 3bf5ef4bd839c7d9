/** A JSON object of the vendor, its names in camel case. */
export type GeminiRecord = Record<string, unknown>;

/**
 * Reads an object. The vendor's JSON takes every name as `maxOutputTokens` and as
 * `max_output_tokens`.
 * @see https://protobuf.dev/programming-guides/json/
 */
export function readRecord(value: unknown): GeminiRecord | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
      inner,
    ]),
  );
}

/** The objects of a list; undefined when the value is not a list of objects. Absent = empty. */
export function readRecords(value: unknown): GeminiRecord[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const records = value.map(readRecord);
  return records.every((record) => record !== undefined) ? records : undefined;
}
