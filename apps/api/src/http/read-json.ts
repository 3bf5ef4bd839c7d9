import type { IncomingMessage } from 'node:http';

import { parseJson } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import { readBody } from './read-body.ts';

/** Most keys of a body, and of a batch: a thousand requests of a dozen keys each must pass. */
const maxKeys = 10_000;
const maxBatchKeys = 50_000;

/**
 * The request's body as JSON, within every limit that keeps the code behind it safe.
 * @throws SluiceError `unsupported_media_type`, `body_too_large`, `invalid_json`, `invalid_request`.
 */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  checkMediaType(request.headers['content-type']);
  const bytes = await readBody(request, maxBytes);
  const { value, keys } = parseJson(bytes);
  const allowed = isBatch(value) ? maxBatchKeys : maxKeys;
  if (keys > allowed) {
    throw new SluiceError('invalid_request', `the body must not have more than ${allowed} keys`);
  }
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

function isBatch(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'batch';
}
