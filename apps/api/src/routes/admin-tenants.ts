import type { Request, Response } from 'express';

import {
  changeTenant,
  createTenant,
  SluiceError,
  type ChangeTenant,
  type TenantView,
} from '@sluice/contracts';
import type { CapChanges } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { replyJson } from '../http/reply.ts';

type TenantDeps = Pick<ApiDeps, 'tenants' | 'records'>;

/** `POST /v1/admin/tenants`: a new tenant. 409 `already_exists` when the id was ever given. */
export function createTenantRoute({ tenants, records }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await parseBody(request, createTenant);
    const tenant = await tenants.create(body);
    await records.setCaps(tenant.id, capsIn(body));
    const headers = { Location: `/v1/admin/tenants/${tenant.id}` };
    replyJson(response, 201, JSON.stringify(await withCaps(tenant, records)), headers);
  };
}

/** `GET /v1/admin/tenants`: all tenants, the oldest first. */
export function listTenantsRoute({ tenants, records }: TenantDeps) {
  return async (_request: Request, response: Response): Promise<void> => {
    const found = await tenants.list();
    const data = await Promise.all(found.map((tenant) => withCaps(tenant, records)));
    replyJson(response, 200, JSON.stringify({ object: 'list', data, has_more: false }));
  };
}

/** `GET /v1/admin/tenants/:id`. */
export function getTenantRoute({ tenants, records }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const tenant = await tenants.find(id);
    if (!tenant) throw noTenant(id);
    replyJson(response, 200, JSON.stringify(await withCaps(tenant, records)));
  };
}

/**
 * `PATCH /v1/admin/tenants/:id`: another name, weight or caps, which hold from then on; `suspended` shuts its keys out within
 * a second, and lets them in again.
 */
export function changeTenantRoute({ tenants, records }: TenantDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const body = await parseBody(request, changeTenant);
    const tenant = await tenants.change(id, body);
    if (!tenant) throw noTenant(id);
    await records.setCaps(id, capsIn(body));
    replyJson(response, 200, JSON.stringify(await withCaps(tenant, records)));
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
 * at rest its data keys go too, and with them whatever they encrypted, also in copies. Its files are removed.
 */
export function deleteTenantRoute({
  tenants,
  records,
  files,
}: TenantDeps & Pick<ApiDeps, 'files'>) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    if (!(await tenants.delete(id))) throw noTenant(id);
    await records.setCaps(id, noCaps);
    await files.deleteOfTenant(id);
    replyJson(response, 200, JSON.stringify({ id, object: 'tenant', deleted: true }));
  };
}

const noCaps = { maxQueuedJobs: null, maxQueuedBytes: null, maxConcurrency: null };

/** The caps that a request names. */
function capsIn(body: Pick<ChangeTenant, `max_${string}` & keyof ChangeTenant>): CapChanges {
  return {
    maxQueuedJobs: body.max_queued_jobs,
    maxQueuedBytes: body.max_queued_bytes,
    maxConcurrency: body.max_concurrency,
  };
}

async function withCaps(tenant: TenantView, records: TenantDeps['records']): Promise<TenantView> {
  const { maxQueuedJobs, maxQueuedBytes, maxConcurrency } = await records.caps(tenant.id);
  return {
    ...tenant,
    ...(maxQueuedJobs !== undefined && { max_queued_jobs: maxQueuedJobs }),
    ...(maxQueuedBytes !== undefined && { max_queued_bytes: maxQueuedBytes }),
    ...(maxConcurrency !== undefined && { max_concurrency: maxConcurrency }),
  };
}

function noTenant(id: string): SluiceError {
  const message = `there is no tenant "${id.slice(0, 80)}"`;
  return new SluiceError('not_found', message, { param: 'id' });
}
