import { defaultTenantId, SluiceError } from '@sluice/contracts';

/**
 * An end user of a tenant as Dify knows them. It shows conversations, files and runs to whoever names their user, so a user of one
 * tenant is nobody else's. Those of the operator's own tenant keep their names: they may have had conversations before they came
 * through Sluice. No id of a tenant has a colon.
 */
export function userAtDify(tenantId: string, name: string): string {
  return tenantId === defaultTenantId ? name : `${tenantId}:${name}`;
}

/**
 * Users of the operator's own tenant keep their names at Dify, where those of another tenant begin with its id: so none of the
 * former may begin like one of the latter. Only names that might are looked up.
 * @throws SluiceError `invalid_request`.
 */
export async function refuseForeignUser(
  tenantId: string,
  name: string,
  tenants: { find(tenantId: string): Promise<unknown> },
): Promise<void> {
  const colon = name.indexOf(':');
  if (tenantId !== defaultTenantId || colon < 1) return;
  const other = name.slice(0, colon);
  if (!(await tenants.find(other))) return;
  const message = `user: must not begin with "${other}:", as users of the tenant "${other}" do at Dify`;
  throw new SluiceError('invalid_request', message, { param: 'user' });
}
