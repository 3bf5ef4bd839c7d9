/**
 * JSON with the keys of every object in the order of their UTF-16 code units and without entries that are `undefined`:
 * equal text for data that is equal on the wire. Numbers and strings are written as JSON.stringify writes them.
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let members = '';
  // The type says nothing of what is in it.
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields).toSorted()) {
    const member = fields[key];
    if (member === undefined) continue;
    members += `${members && ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}
