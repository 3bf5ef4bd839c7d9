import { defaultTenantId, type JobRecord, type WorkflowInput } from '@sluice/contracts';

/**
 * The end user as the upstream of an app knows them; `undefined` where the job names none. It shows conversations, files and runs to
 * whoever names their user, so a user of one tenant is nobody else's. Those of the operator's own tenant keep their names: they
 * may have had conversations before they came through Sluice.
 */
export function endUserOf({
  tenantId,
  input,
  user,
  sessionId,
}: Pick<JobRecord, 'tenantId' | 'input' | 'user' | 'sessionId'>): string | undefined {
  // Only workflow jobs run apps.
  const name = (input as WorkflowInput).user ?? user ?? sessionId;
  return name === undefined || tenantId === defaultTenantId ? name : `${tenantId}:${name}`;
}
