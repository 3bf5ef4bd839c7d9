/** A mapping of data that was not validated yet. */
export type Mapping = Readonly<Record<string, unknown>>;

/** The value as a mapping; an empty one where it is anything else. */
export function asMapping(value: unknown): Mapping {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  // Plain data from YAML: string keys only.
  return isMapping ? (value as Mapping) : {};
}

/** The value of an own key: a name in the file may be that of something every object inherits. */
export function ownValue(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}
