import { isUtf8 } from 'node:buffer';

import { SluiceError } from '@sluice/contracts';

import { formatPath, type Path } from './field-path.ts';
import { scanJson } from './scan-json.ts';

/** Names that would reach an object's prototype if anything ever merged the body into another object. */
const forbiddenKeys = new Set(['__proto__', 'constructor']);

/**
 * A text of a client as JSON, within every limit that keeps the code behind it safe; and how many keys of objects it has.
 * @throws SluiceError `invalid_json`, `invalid_request`.
 */
export function parseJson(bytes: Buffer): { value: unknown; keys: number } {
  const { keys } = scanJson(bytes);
  const text = decode(bytes);
  const value = parse(text);
  if (mayHoldForbiddenKey(text)) refuseForbiddenKeys(value, []);
  return { value, keys };
}

function decode(bytes: Buffer): string {
  if (bytes.length === 0) throw new SluiceError('invalid_json', 'the body is empty');
  if (!isUtf8(bytes)) throw new SluiceError('invalid_json', 'the body is not valid UTF-8');
  return bytes.toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SluiceError('invalid_json', `the body is not valid JSON: ${reason}`, {
      cause: error,
    });
  }
}

/** A forbidden key stands in the text as it is or is hidden by an escape: most texts need no walk through what they hold. */
function mayHoldForbiddenKey(text: string): boolean {
  return (
    text.includes('__proto__') || text.includes('constructor') || text.includes(String.raw`\u`)
  );
}

/** Recursion is safe here: scanJson has bounded the depth. */
function refuseForbiddenKeys(value: unknown, path: Path): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (typeof item === 'object') refuseForbiddenKeys(item, [...path, index]);
    });
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    if (forbiddenKeys.has(key)) {
      const param = formatPath([...path, key]);
      throw new SluiceError('invalid_request', `${param}: this name is not allowed`, { param });
    }
    if (typeof child === 'object') refuseForbiddenKeys(child, [...path, key]);
  }
}
