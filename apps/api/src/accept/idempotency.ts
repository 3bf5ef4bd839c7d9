import { createHash } from 'node:crypto';

import type { Request } from 'express';

import { SluiceError } from '@sluice/contracts';

const maxKeyLength = 255;

/**
 * The Idempotency-Key of the request: a structured-field string (in quotes) or the bare text that most clients send.
 * @throws SluiceError `invalid_request` with param `Idempotency-Key` for an empty, long or unprintable one.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export function idempotencyKeyOf(request: Request): string | undefined {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return undefined;
  const text = String(given).trim();
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, '$1');
  if (key.length >= 1 && key.length <= maxKeyLength && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new SluiceError(
    'invalid_request',
    `Idempotency-Key: must be 1 to ${maxKeyLength} printable ASCII characters`,
    { param: 'Idempotency-Key' },
  );
}

/** Equal for bodies that mean the same JSON, whatever the order of their keys and their white space. */
export function fingerprintOf(body: unknown): string {
  return createHash('sha256').update(JSON.stringify(body, sortKeys)).digest('base64url');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
