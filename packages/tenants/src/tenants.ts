import type { Redis } from 'ioredis';

import {
  defaultTenantId,
  SluiceError,
  type ChangeTenant,
  type TenantView,
} from '@sluice/contracts';
import { loadScript, type Clock } from '@sluice/runtime';

import { createTenantKeys, type TenantKeys } from './keys.ts';

const createScript = loadScript(import.meta.url, 'create-tenant');
const changeScript = loadScript(import.meta.url, 'change-tenant');
const deleteScript = loadScript(import.meta.url, 'delete-tenant');

export interface TenantsDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  clock: Clock;
}

export interface TenantsContext extends TenantsDeps {
  keys: TenantKeys;
}

/** Who pays and who may read. */
export interface Tenants {
  /** @throws SluiceError `already_exists` when the id was ever given. */
  create(tenant: { id: string; name?: string | undefined }): Promise<TenantView>;
  /** Makes the tenant of the admin key, if it is not there. */
  ensureDefault(): Promise<void>;
  find(tenantId: string): Promise<TenantView | undefined>;
  /** All that are not deleted, the oldest first. */
  list(): Promise<TenantView[]>;
  /** `undefined` when there is none. @throws SluiceError `invalid_request` for suspending the default tenant. */
  change(tenantId: string, change: ChangeTenant): Promise<TenantView | undefined>;
  /** `false` when there is none. @throws SluiceError `invalid_request` for the default tenant. */
  delete(tenantId: string): Promise<boolean>;
}

/** The tenants in Redis. A tenant's keys are let in only while its state is `active`. */
export function createTenants(deps: TenantsDeps): Tenants {
  const context: TenantsContext = { ...deps, keys: createTenantKeys(deps.root) };
  const { redis, keys, clock } = context;
  const create = async (id: string, name: string) =>
    (await createScript(redis, [keys.tenant(id), keys.tenants], [id, clock.now(), name])) === 1;
  return {
    async create({ id, name = id }) {
      const created = await create(id, name);
      const tenant = await findTenant(context, id);
      if (created && tenant) return tenant;
      throw new SluiceError('already_exists', `id: "${id}" is or was another tenant`, {
        param: 'id',
      });
    },
    async ensureDefault() {
      await create(defaultTenantId, 'Default');
    },
    find: (tenantId) => findTenant(context, tenantId),
    async list() {
      const ids = await redis.zrange(keys.tenants, 0, '-1');
      const found = await Promise.all(ids.map((id) => findTenant(context, id)));
      return found.filter((tenant) => tenant !== undefined);
    },
    change: (tenantId, change) => changeTenant(context, tenantId, change),
    async delete(tenantId) {
      keepDefault(tenantId, 'deleted');
      const names = [keys.tenant(tenantId), keys.tenants, keys.dataKeys(tenantId)];
      return (await deleteScript(redis, names, [tenantId])) === 1;
    },
  };
}

async function changeTenant(
  context: TenantsContext,
  tenantId: string,
  { name, suspended, weight }: ChangeTenant,
): Promise<TenantView | undefined> {
  if (suspended) keepDefault(tenantId, 'suspended');
  const fields: string[] = [];
  if (name !== undefined) fields.push('name', name);
  if (suspended !== undefined) fields.push('state', suspended ? 'suspended' : 'active');
  if (weight !== undefined) fields.push('weight', String(weight));
  if (fields.length > 0) await changeScript(context.redis, [context.keys.tenant(tenantId)], fields);
  return findTenant(context, tenantId);
}

async function findTenant(
  { redis, keys }: TenantsContext,
  tenantId: string,
): Promise<TenantView | undefined> {
  const { name = '', state, createdAt, weight = '1' } = await redis.hgetall(keys.tenant(tenantId));
  if (state !== 'active' && state !== 'suspended') return undefined;
  const created_at = new Date(Number(createdAt)).toISOString();
  return { id: tenantId, object: 'tenant', name, state, weight: Number(weight), created_at };
}

function keepDefault(tenantId: string, what: string): void {
  if (tenantId !== defaultTenantId) return;
  throw new SluiceError('invalid_request', `id: the tenant "${tenantId}" cannot be ${what}`, {
    param: 'id',
  });
}
