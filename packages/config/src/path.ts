export type Path = readonly PropertyKey[];

/** A path in the file as a person writes it: `models.fast.targets[0]`, `models["gpt-5.4"].price`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[\w-]+$/.test(String(part))) text += `["${String(part)}"]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

/** Whether the value at this path must never be shown: API keys and headers. */
export function isSecretPath(path: Path): boolean {
  return path.includes('apiKey') || path.includes('apiKeys') || path.includes('headers');
}

/** The value at `path` of plain data, or `undefined`. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    // Plain data from YAML: any own key may be read.
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
