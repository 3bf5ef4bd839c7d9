import type { Request, Response } from 'express';

import { createApiKey, defaultTenantId, rotateApiKey, SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { parseBody, parseOptionalBody } from '../http/parse-body.ts';
import { readQuery } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';

type KeyDeps = Pick<ApiDeps, 'apiKeys' | 'tenants'>;

/** `POST /v1/admin/keys`: a new key of a tenant. The answer holds the key, this once: only its digest is stored. */
export function createKeyRoute({ apiKeys }: KeyDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const key = await apiKeys.create(await parseBody(request, createApiKey));
    replyJson(response, 201, JSON.stringify(key), { Location: `/v1/admin/keys/${key.id}` });
  };
}

/** `GET /v1/admin/keys?tenant_id=…`: a tenant's keys, the oldest first; ended ones for 90 days. */
export function listKeysRoute({ apiKeys, tenants }: KeyDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenant_id: tenantId = defaultTenantId } = readQuery(request, ['tenant_id']);
    if (!(await tenants.find(tenantId))) {
      const message = `tenant_id: there is no tenant "${tenantId.slice(0, 80)}"`;
      throw new SluiceError('not_found', message, { param: 'tenant_id' });
    }
    const data = await apiKeys.list(tenantId);
    replyJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  };
}

/** `GET /v1/admin/keys/:id`. */
export function getKeyRoute({ apiKeys }: KeyDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const key = await apiKeys.find(id);
    if (!key) throw noKey(id);
    replyJson(response, 200, JSON.stringify(key));
  };
}

/** `POST /v1/admin/keys/:id/rotate`: a new key like this one, which works on for `overlap_seconds` (0 by default). */
export function rotateKeyRoute({ apiKeys }: KeyDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const key = await apiKeys.rotate(id, await parseOptionalBody(request, rotateApiKey));
    replyJson(response, 201, JSON.stringify(key), { Location: `/v1/admin/keys/${key.id}` });
  };
}

/** `DELETE /v1/admin/keys/:id`: revokes it; within a second no process lets it in. */
export function revokeKeyRoute({ apiKeys }: KeyDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    if (!(await apiKeys.revoke(id))) throw noKey(id);
    replyJson(response, 200, JSON.stringify({ id, object: 'api_key', deleted: true }));
  };
}

function noKey(id: string): SluiceError {
  return new SluiceError('not_found', `there is no key "${id.slice(0, 80)}"`, { param: 'id' });
}
