import type { JobRecord, WorkflowInput } from '@sluice/contracts';
import { refuseForeignUser, userAtDify } from '@sluice/dify';

import type { RunJobDeps } from '../run-job-deps.ts';

/**
 * The end user as the upstream of an app knows them; `undefined` where the job names none.
 * @throws SluiceError `invalid_request` for the name of another tenant's.
 */
export async function endUserOf(
  { tenantId, input, user, sessionId }: JobRecord,
  { tenants }: Pick<RunJobDeps, 'tenants'>,
): Promise<string | undefined> {
  // Only workflow jobs run apps.
  const name = (input as WorkflowInput).user ?? user ?? sessionId;
  if (name === undefined) return undefined;
  await refuseForeignUser(tenantId, name, tenants);
  return userAtDify(tenantId, name);
}
