import { z } from 'zod';

/**
 * What a key may do. `admin` is the operator's: it manages every tenant and its keys, and implies nothing else.
 */
export const scopes = ['submit', 'read', 'cancel', 'webhooks', 'usage', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** The tenant of SLUICE_ADMIN_KEY. It is always there and can be neither suspended nor deleted. */
export const defaultTenantId = 'default';

const maxKeyLifeSeconds = 10 * 366 * 86_400;
const label = z.string().trim().min(1).max(128);

/** Part of Redis keys: no braces, colons or spaces. */
export const tenantId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'must be 1 to 63 lower case letters, digits or _ - and start with a letter or digit',
  );

/** What a tenant may have at most, over all lanes. */
export interface TenantCaps {
  /** Jobs that have not ended; a batch counts as itself and all of its requests. */
  maxQueuedJobs?: number | undefined;
  /** Bytes of the inputs of those jobs. */
  maxQueuedBytes?: number | undefined;
  /** Jobs that run at the same time. */
  maxConcurrency?: number | undefined;
}

/** What a tenant has of that. */
export interface TenantLoad {
  queuedJobs: number;
  queuedBytes: number;
  running: number;
}

/** `null` takes a cap back: the configuration's holds again. */
const cap = z.int().min(1).max(1e15).nullable().optional();
const caps = { max_queued_jobs: cap, max_queued_bytes: cap, max_concurrency: cap };

/** Body of `POST /v1/admin/tenants`. */
export const createTenant = z.strictObject({ id: tenantId, name: label.optional(), ...caps });
export type CreateTenant = z.infer<typeof createTenant>;

/** Body of `PATCH /v1/admin/tenants/:id`. No key of a suspended tenant is let in. */
export const changeTenant = z.strictObject({
  name: label.optional(),
  suspended: z.boolean().optional(),
  /** Its share of a lane in which others wait too, in proportion to theirs; 1 where nothing is said. */
  weight: z.number().min(0.01).max(100).optional(),
  ...caps,
});
export type ChangeTenant = z.infer<typeof changeTenant>;

export interface TenantView {
  id: string;
  object: 'tenant';
  name: string;
  state: 'active' | 'suspended';
  weight: number;
  /** Caps of its own; one that is not there is the configuration's. */
  max_queued_jobs?: number;
  max_queued_bytes?: number;
  max_concurrency?: number;
  created_at: string;
}

const lifeSeconds = z.number().positive().max(maxKeyLifeSeconds);

/** Body of `POST /v1/admin/keys`. */
export const createApiKey = z.strictObject({
  tenant_id: tenantId,
  name: label.optional(),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  expires_in_seconds: lifeSeconds.optional(),
  /** Most requests a second that one API process lets in with this key. */
  requests_per_second: z.number().positive().max(1_000_000).optional(),
});
export type CreateApiKey = z.infer<typeof createApiKey>;

/** Body of `POST /v1/admin/keys/:id/rotate`: how long the old key still works, and how long the new one will. */
export const rotateApiKey = z.strictObject({
  overlap_seconds: z
    .number()
    .min(0)
    .max(30 * 86_400)
    .default(0),
  expires_in_seconds: lifeSeconds.optional(),
});
export type RotateApiKey = z.infer<typeof rotateApiKey>;

export interface ApiKeyView {
  id: string;
  object: 'api_key';
  tenant_id: string;
  name: string;
  scopes: Scope[];
  state: 'active' | 'expired' | 'revoked';
  requests_per_second?: number;
  created_at: string;
  expires_at?: string;
  revoked_at?: string;
  /** Within about a minute. */
  last_used_at?: string;
  /** The key itself: only in the answer that made it. */
  key?: string;
}
