import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import { SluiceError } from '@sluice/contracts';

import { formatPath, type Path } from './field-path.ts';
import { readBody } from './read-body.ts';
import { scanJson } from './scan-json.ts';

/** Most keys of a body, and of a batch: a thousand requests of a dozen keys each must pass. */
const maxKeys = 10_000;
const maxBatchKeys = 50_000;

/** Names that would reach an object's prototype if anything ever merged the body into another object. */
const forbiddenKeys = new Set(['__proto__', 'constructor']);

/**
 * The request's body as JSON, within every limit that keeps the code behind it safe.
 * @throws SluiceError `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_request`.
 */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  checkMediaType(request.headers['content-type']);
  const bytes = await readBody(request, maxBytes);
  const { keys } = scanJson(bytes);
  const text = decode(bytes);
  const value = parse(text);
  const allowed = isBatch(value) ? maxBatchKeys : maxKeys;
  if (keys > allowed) {
    throw new SluiceError('invalid_request', `the body must not have more than ${allowed} keys`);
  }
  if (mayHoldForbiddenKey(text)) refuseForbiddenKeys(value, []);
  return value;
}

const jsonMediaType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;

function checkMediaType(given: string | undefined): void {
  if (given === 'application/json') return;
  if (given !== undefined && jsonMediaType.test(given)) return;
  throw new SluiceError(
    'unsupported_media_type',
    `Content-Type must be application/json in UTF-8; got ${given === undefined ? 'none' : `"${given}"`}`,
  );
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

function isBatch(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'batch';
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
