/**
 * Every key of this package, all in one hash slot because a key is made and rotated together with its tenant and index.
 *
 * | key                             | type | what                                          | goes away                    |
 * |---------------------------------|------|-----------------------------------------------|------------------------------|
 * | {<root>:tenants}/tenant:<id>    | hash | name, state, weight, createdAt (ms)           | never: an id is given once   |
 * | {<root>:tenants}/tenants        | zset | tenant id -> createdAt                        | owner: delete takes it out   |
 * | {<root>:tenants}/key:<id>       | hash | tenant, digest, scopes, name, hint, createdAt, | revoked or expired: TTL      |
 * |                                 |      | expiresAt, revokedAt, lastUsedAt, rate         |                              |
 * | {<root>:tenants}/data-keys:<tenant> | hash | current -> id, id -> key, wrapped | owner: delete of the tenant |
 * | {<root>:tenants}/keys:<tenant>  | zset | key id -> createdAt                           | owner: listKeys trims it     |
 *
 * The API key itself is in none of them: `digest` is its SHA-256.
 */
export interface TenantKeys {
  readonly tenants: string;
  tenant(tenantId: string): string;
  key(keyId: string): string;
  keysOf(tenantId: string): string;
  dataKeys(tenantId: string): string;
}

export function createTenantKeys(root: string): TenantKeys {
  const tag = `{${root}:tenants}`;
  return {
    tenants: `${tag}/tenants`,
    tenant: (tenantId) => `${tag}/tenant:${tenantId}`,
    key: (keyId) => `${tag}/key:${keyId}`,
    keysOf: (tenantId) => `${tag}/keys:${tenantId}`,
    dataKeys: (tenantId) => `${tag}/data-keys:${tenantId}`,
  };
}
