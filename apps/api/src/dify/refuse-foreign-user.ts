import { SluiceError } from '@sluice/contracts';
import { tenantInName } from '@sluice/dify';

import type { ApiDeps } from '../deps.ts';

/**
 * Users of the operator's own tenant keep their names at Dify, where those of another tenant begin with its id: so none of the
 * former may begin like one of the latter.
 * @throws SluiceError `invalid_request`.
 */
export async function refuseForeignUser(
  name: string,
  tenantId: string,
  { tenants }: Pick<ApiDeps, 'tenants'>,
): Promise<void> {
  const other = tenantInName(tenantId, name);
  if (other === undefined || !(await tenants.find(other))) return;
  const message = `user: must not begin with "${other}:", as users of the tenant "${other}" do at Dify`;
  throw new SluiceError('invalid_request', message, { param: 'user' });
}
