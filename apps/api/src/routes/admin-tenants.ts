import type { Request, Response } from 'express';

import { changeTenant, createTenant, SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';

type TenantDeps = Pick<ApiDeps, 'tenants'>;

/** `POST /v1/admin/tenants`: a new tenant. 409 `already_exists` when the id was ever given. */
export function createTenantRoute({ tenants }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const tenant = await tenants.create(await parseBody(request, createTenant));
    const headers = { Location: `/v1/admin/tenants/${tenant.id}` };
    replyJson(response, 201, JSON.stringify(tenant), headers);
  };
}

/** `GET /v1/admin/tenants`: all tenants, the oldest first. */
export function listTenantsRoute({ tenants }: TenantDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const data = await tenants.list();
    replyJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  };
}

/** `GET /v1/admin/tenants/:id`. */
export function getTenantRoute({ tenants }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const tenant = await tenants.find(id);
    if (!tenant) throw noTenant(id);
    replyJson(response, 200, JSON.stringify(tenant));
  };
}

/** `PATCH /v1/admin/tenants/:id`: another name; `suspended` shuts its keys out within a second, and lets them in again. */
export function changeTenantRoute({ tenants }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const tenant = await tenants.change(id, await parseBody(request, changeTenant));
    if (!tenant) throw noTenant(id);
    replyJson(response, 200, JSON.stringify(tenant));
  };
}

/** `POST /v1/admin/tenants/:id/rotate-data-key`: what is stored from now on is encrypted with a new key of the tenant. */
export function rotateDataKeyRoute({ seals }: Pick<ApiDeps, 'seals'>) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    if (!seals) {
      const message = 'encryption at rest is off: it needs SLUICE_MASTER_KEYS';
      throw new SluiceError('invalid_request', message);
    }
    if (!(await seals.rotate(id))) throw noTenant(id);
    replyJson(response, 200, JSON.stringify({ id, object: 'tenant', data_key_rotated: true }));
  };
}

/**
 * `DELETE /v1/admin/tenants/:id`: its keys are shut out for ever. Jobs under way end; nobody can read them. With encryption
 * at rest its data keys go too, and with them whatever they encrypted, also in copies.
 */
export function deleteTenantRoute({ tenants }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    if (!(await tenants.delete(id))) throw noTenant(id);
    replyJson(response, 200, JSON.stringify({ id, object: 'tenant', deleted: true }));
  };
}

function noTenant(id: string): SluiceError {
  const message = `there is no tenant "${id.slice(0, 80)}"`;
  return new SluiceError('not_found', message, { param: 'id' });
}
