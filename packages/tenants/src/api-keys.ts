import {
  scopes as allScopes,
  SluiceError,
  type ApiKeyView,
  type CreateApiKey,
  type RotateApiKey,
  type Scope,
} from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import { newApiKey } from './api-key.ts';
import { createTenantKeys } from './keys.ts';
import type { TenantsContext, TenantsDeps } from './tenants.ts';

const createScript = loadScript(import.meta.url, 'create-key');
const rotateScript = loadScript(import.meta.url, 'rotate-key');
const revokeScript = loadScript(import.meta.url, 'revoke-key');

/** A tenant's keys, ended ones included as long as they are remembered. */
const maxKeysOfTenant = 1_000;

/** How long an ended key is still shown in lists. */
const keptAfterEndMs = 90 * 24 * 3_600_000;

/** A new key with its text, which is shown this once. */
export type IssuedApiKey = ApiKeyView & { key: string };

export interface ApiKeys {
  /** @throws SluiceError `not_found` without the tenant, `invalid_request` when it has too many. */
  create(request: CreateApiKey): Promise<IssuedApiKey>;
  /** A new key like the old one, which ends after the overlap. @throws SluiceError `not_found` when it is gone or has ended. */
  rotate(keyId: string, request: RotateApiKey): Promise<IssuedApiKey>;
  /** Ends the key; `false` when there is none. */
  revoke(keyId: string): Promise<boolean>;
  find(keyId: string): Promise<ApiKeyView | undefined>;
  /** Of one tenant, the oldest first. */
  list(tenantId: string): Promise<ApiKeyView[]>;
}

/** The API keys in Redis: digests only. Reading them on every request is the KeyRing's, which remembers them. */
export function createApiKeys(deps: TenantsDeps): ApiKeys {
  const context: TenantsContext = { ...deps, keys: createTenantKeys(deps.root) };
  return {
    create: (request) => createKey(context, request),
    rotate: (keyId, request) => rotateKey(context, keyId, request),
    async revoke(keyId) {
      const args = [deps.clock.now(), keptAfterEndMs];
      return (await revokeScript(deps.redis, [context.keys.key(keyId)], args)) === 1;
    },
    find: (keyId) => findKey(context, keyId),
    list: (tenantId) => listKeys(context, tenantId),
  };
}

async function createKey(context: TenantsContext, request: CreateApiKey): Promise<IssuedApiKey> {
  const { redis, keys, clock } = context;
  const {
    tenant_id: tenantId,
    expires_in_seconds: lifeSeconds,
    requests_per_second: rate,
  } = request;
  const { id, key, digest, hint } = newApiKey();
  const now = clock.now();
  const lifeMs = lifeSeconds === undefined ? undefined : Math.ceil(lifeSeconds * 1_000);
  const fields = ['tenant', tenantId, 'digest', digest, 'hint', hint];
  fields.push('scopes', allScopes.filter((scope) => request.scopes.includes(scope)).join(' '));
  fields.push('name', request.name ?? hint);
  if (rate !== undefined) fields.push('rate', String(rate));
  if (lifeMs !== undefined) fields.push('expiresAt', String(now + lifeMs));
  const ttlMs = lifeMs === undefined ? '' : lifeMs + keptAfterEndMs;
  const reply = await createScript(
    redis,
    [keys.tenant(tenantId), keys.key(id), keys.keysOf(tenantId)],
    [id, now, maxKeysOfTenant, ttlMs, ...fields],
  );
  if (reply === 'no_tenant') throw notFound('tenant_id', `there is no tenant "${tenantId}"`);
  if (reply === 'too_many') {
    throw new SluiceError('invalid_request', `a tenant has at most ${maxKeysOfTenant} keys`);
  }
  return issued(context, id, key);
}

async function rotateKey(
  context: TenantsContext,
  keyId: string,
  { overlap_seconds: overlapSeconds, expires_in_seconds: lifeSeconds }: RotateApiKey,
): Promise<IssuedApiKey> {
  const { redis, keys, clock } = context;
  const tenantId = await redis.hget(keys.key(keyId), 'tenant');
  const missing = () => notFound('id', `there is no key "${keyId}" that has not ended`);
  if (tenantId === null) throw missing();
  const { id, key, digest, hint } = newApiKey();
  const now = clock.now();
  const oldEnd = now + Math.ceil(overlapSeconds * 1_000);
  const newEnd = lifeSeconds === undefined ? '' : now + Math.ceil(lifeSeconds * 1_000);
  const reply = await rotateScript(
    redis,
    [keys.tenant(tenantId), keys.key(keyId), keys.key(id), keys.keysOf(tenantId)],
    [id, now, oldEnd, keptAfterEndMs, digest, hint, newEnd],
  );
  if (reply !== 'rotated') throw missing();
  return issued(context, id, key);
}

async function issued(context: TenantsContext, id: string, key: string): Promise<IssuedApiKey> {
  const view = await findKey(context, id);
  if (!view) throw new SluiceError('internal_error', `the new key ${id} is gone`);
  return { ...view, key };
}

async function listKeys(context: TenantsContext, tenantId: string): Promise<ApiKeyView[]> {
  const { redis, keys } = context;
  const ids = await redis.zrange(keys.keysOf(tenantId), 0, '-1');
  const found = await Promise.all(ids.map((id) => findKey(context, id)));
  const gone = ids.filter((_, i) => !found[i]);
  if (gone.length > 0) await redis.zrem(keys.keysOf(tenantId), ...gone);
  return found.filter((view) => view !== undefined);
}

async function findKey(
  { redis, keys, clock }: TenantsContext,
  keyId: string,
): Promise<ApiKeyView | undefined> {
  const fields: Partial<Record<string, string>> = await redis.hgetall(keys.key(keyId));
  const { tenant, name = '', scopes, createdAt, expiresAt, revokedAt, lastUsedAt, rate } = fields;
  if (tenant === undefined) return undefined;
  return {
    id: keyId,
    object: 'api_key',
    tenant_id: tenant,
    name,
    scopes: readScopes(scopes),
    state: stateOf(expiresAt, revokedAt, clock.now()),
    ...(rate !== undefined && { requests_per_second: Number(rate) }),
    created_at: iso(createdAt),
    ...(expiresAt !== undefined && { expires_at: iso(expiresAt) }),
    ...(revokedAt !== undefined && { revoked_at: iso(revokedAt) }),
    ...(lastUsedAt !== undefined && { last_used_at: iso(lastUsedAt) }),
  };
}

/** Scopes as a key's record has them; one that this version does not know is worth nothing. */
export function readScopes(text: string | undefined): Scope[] {
  const given = new Set((text ?? '').split(' '));
  return allScopes.filter((scope) => given.has(scope));
}

function stateOf(
  expiresAt: string | undefined,
  revokedAt: string | undefined,
  nowMs: number,
): ApiKeyView['state'] {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && Number(expiresAt) <= nowMs ? 'expired' : 'active';
}

function iso(text: string | undefined): string {
  return new Date(Number(text)).toISOString();
}

function notFound(param: string, message: string): SluiceError {
  return new SluiceError('not_found', message, { param });
}
