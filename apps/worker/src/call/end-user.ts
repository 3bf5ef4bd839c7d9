import type { JobRecord, WorkflowInput } from '@sluice/contracts';
import { userAtDify } from '@sluice/dify';

/** The end user as the upstream of an app knows them; `undefined` where the job names none. */
export function endUserOf({
  tenantId,
  input,
  user,
  sessionId,
}: Pick<JobRecord, 'tenantId' | 'input' | 'user' | 'sessionId'>): string | undefined {
  // Only workflow jobs run apps.
  const name = (input as WorkflowInput).user ?? user ?? sessionId;
  return name === undefined ? undefined : userAtDify(tenantId, name);
}
