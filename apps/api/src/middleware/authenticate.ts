import { createHash, timingSafeEqual } from 'node:crypto';

import type { NextFunction, Request, Response } from 'express';

import { defaultTenantId, scopes, SluiceError, type Scope } from '@sluice/contracts';
import type { Caller, KeyRing } from '@sluice/tenants';

import type { ApiDeps } from '../deps.ts';

type Middleware = (
  request: Request,
  response: Response,
  next: NextFunction,
) => void | Promise<void>;

/** What a route asks of a key: one scope, or only that it is one. */
export type Access = Scope | 'any';

type AuthDeps = Pick<ApiDeps, 'adminKey' | 'keyRing' | 'clock'>;

/**
 * Lets in who shows a key with that scope, as `Authorization: Bearer <key>` or `X-API-Key: <key>`. The admin key has every
 * scope and the tenant `default`. Synchronous where the key is known: the accept path waits for nobody.
 * @throws SluiceError `invalid_api_key`, whose message says how to send a key; `insufficient_scope`; `rate_limited` with
 *   the time after which the key may be used again.
 */
export function authenticate(deps: AuthDeps): (access: Access) => Middleware {
  const identify = identifier(deps);
  return (access) => (request, response, next) => {
    const bearer = bearerKey(request);
    const header = headerKey(request);
    const given = bearer ?? header;
    const found = identify(given);
    const admit = (caller: Caller | undefined) => {
      if (!caller) {
        response.setHeader('WWW-Authenticate', 'Bearer realm="sluice"');
        throw refused(given);
      }
      enter(caller, access, deps);
      response.locals['caller'] = caller;
      next();
    };
    if (!(found instanceof Promise) && (found || header === given)) {
      admit(found);
      return undefined;
    }
    // Unknown until Redis was asked, or refused as bearer token with another key beside it.
    return (async () => admit((await found) ?? (await identify(header))))();
  };
}

/** For pages: also HTTP Basic, with any user name and a key as password, which is what a browser can send. */
export function authenticatePage(deps: AuthDeps, access: Access): Middleware {
  const identify = identifier(deps);
  return async (request, response, next) => {
    const given = basicPassword(request) ?? bearerKey(request) ?? headerKey(request);
    const caller = await identify(given);
    if (!caller) {
      response.setHeader('WWW-Authenticate', 'Basic realm="sluice", charset="UTF-8"');
      throw refused(given);
    }
    enter(caller, access, deps);
    next();
  };
}

/** Who sent the request; only behind {@link authenticate}. */
export function callerOf(response: Response): Caller {
  // Express types what middleware leaves in `locals` as any; authenticate puts the caller there.
  return response.locals['caller'] as Caller;
}

function enter(
  { scopes: granted, pace }: Caller,
  access: Access,
  { clock }: Pick<AuthDeps, 'clock'>,
): void {
  if (access !== 'any' && !granted.has(access)) {
    throw new SluiceError('insufficient_scope', `this needs an API key with the scope "${access}"`);
  }
  const waitMs = pace?.admit(clock.now()) ?? 0;
  if (waitMs === 0) return;
  throw new SluiceError('rate_limited', 'this API key sends more requests than it may', {
    retryAfterMs: waitMs,
  });
}

function identifier({
  adminKey,
  keyRing,
}: Pick<AuthDeps, 'adminKey' | 'keyRing'>): (
  given: Buffer | undefined,
) => ReturnType<KeyRing['identify']> {
  const isAdminKey = keyCheck(adminKey);
  const admin: Caller = {
    tenantId: defaultTenantId,
    keyId: 'admin',
    scopes: new Set<Scope>(scopes),
  };
  return (given) => {
    if (given === undefined) return undefined;
    const found = keyRing.identify(given);
    const orAdmin = (caller: Caller | undefined) =>
      caller ?? (isAdminKey(given) ? admin : undefined);
    return found instanceof Promise ? found.then(orAdmin) : orAdmin(found);
  };
}

/**
 * Compares digests: they have the same length for every key, so that the time of the comparison says nothing. The key that
 * was right the last time is compared as it is, in constant time too: hashing it again costs as much as validating a job.
 */
function keyCheck(adminKey: string): (given: Buffer) => boolean {
  const expected = digest(Buffer.from(adminKey));
  let lastRight: Buffer | undefined;
  return (given) => {
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
