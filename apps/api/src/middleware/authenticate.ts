import { createHash, timingSafeEqual } from 'node:crypto';

import type { NextFunction, Request, Response } from 'express';

import { SluiceError } from '@sluice/contracts';

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/**
 * Lets in who shows the admin key as `Authorization: Bearer <key>` or `X-API-Key: <key>`.
 * @throws SluiceError `invalid_api_key`, whose message says how to send a key.
 */
export function authenticate(adminKey: string): Middleware {
  const isAdminKey = keyCheck(adminKey);
  return (request, response, next) => {
    if (isAdminKey(bearerKey(request)) || isAdminKey(headerKey(request))) {
      next();
      return;
    }
    response.setHeader('WWW-Authenticate', 'Bearer realm="sluice"');
    throw refused(bearerKey(request) ?? headerKey(request));
  };
}

/** For pages: also HTTP Basic, with any user name and the admin key as password, which is what a browser can send. */
export function authenticatePage(adminKey: string): Middleware {
  const isAdminKey = keyCheck(adminKey);
  return (request, response, next) => {
    const given = basicPassword(request) ?? bearerKey(request) ?? headerKey(request);
    if (isAdminKey(given)) {
      next();
      return;
    }
    response.setHeader('WWW-Authenticate', 'Basic realm="sluice", charset="UTF-8"');
    throw refused(given);
  };
}

/**
 * Compares digests: they have the same length for every key, so that the time of the comparison says nothing. The key that
 * was right the last time is compared as it is, in constant time too: hashing it again costs as much as validating a job.
 */
function keyCheck(adminKey: string): (given: Buffer | undefined) => boolean {
  const expected = digest(Buffer.from(adminKey));
  let lastRight: Buffer | undefined;
  return (given) => {
    if (given === undefined) return false;
    if (given.length === lastRight?.length && timingSafeEqual(given, lastRight)) return true;
    if (!timingSafeEqual(digest(given), expected)) return false;
    lastRight = given;
    return true;
  };
}

function digest(key: Buffer): Buffer {
  return createHash('sha256').update(key).digest();
}

function bearerKey(request: Request): Buffer | undefined {
  return bytesOf(/^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]);
}

function headerKey(request: Request): Buffer | undefined {
  const given = request.headers['x-api-key'];
  return typeof given === 'string' ? bytesOf(given) : undefined;
}

function basicPassword(request: Request): Buffer | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const separator = bytes.indexOf(':');
  return separator === -1 ? undefined : bytes.subarray(separator + 1);
}

/** Node reads header values as Latin-1, one character a byte: so these are the bytes that were sent. */
function bytesOf(headerValue: string | undefined): Buffer | undefined {
  return headerValue === undefined ? undefined : Buffer.from(headerValue, 'latin1');
}

function refused(given: Buffer | undefined): SluiceError {
  const problem = given === undefined ? 'no API key was sent' : 'the API key is not valid';
  return new SluiceError(
    'invalid_api_key',
    `${problem}; send it as "Authorization: Bearer <key>" or "X-API-Key: <key>"`,
  );
}
