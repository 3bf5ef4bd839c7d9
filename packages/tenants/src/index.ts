export { apiKeyPattern, apiKeyPrefix } from './api-key.ts';
export { createApiKeys } from './api-keys.ts';
export type { ApiKeys, IssuedApiKey } from './api-keys.ts';
export { createKeyRing } from './key-ring.ts';
export type { Caller, KeyRing } from './key-ring.ts';
export { createRequestPace } from './request-pace.ts';
export type { RequestPace } from './request-pace.ts';
export { createTenants } from './tenants.ts';
export type { Tenants, TenantsDeps } from './tenants.ts';
