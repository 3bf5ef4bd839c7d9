import { defaultTenantId } from '@sluice/contracts';

/**
 * An end user of a tenant as Dify knows them. It shows conversations, files and runs to whoever names their user, so a user of one
 * tenant is nobody else's. Those of the operator's own tenant keep their names: they may have had conversations before they came
 * through Sluice. No id of a tenant has a colon.
 */
export function userAtDify(tenantId: string, name: string): string {
  return tenantId === defaultTenantId ? name : `${tenantId}:${name}`;
}

/** The tenant whose user a name of the operator's own tenant would be at Dify, if there is a tenant of that id. */
export function tenantInName(tenantId: string, name: string): string | undefined {
  const colon = name.indexOf(':');
  return tenantId === defaultTenantId && colon > 0 ? name.slice(0, colon) : undefined;
}
