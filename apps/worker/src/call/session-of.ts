import type { WorkflowInput } from '@sluice/contracts';
import type { Session } from '@sluice/records';

import type { Plan } from '../begin/plan-job.ts';

/** The session whose conversation the job goes on with; none where it names no session. */
export function sessionOf({ record, target, route }: Plan): Session | undefined {
  const { tenantId, sessionId, user } = record;
  if (sessionId === undefined) return undefined;
  // The record's type says which input it holds; only workflow jobs have a session.
  const input = record.input as WorkflowInput;
  const holder = `${target.provider.name} ${target.apiKeys[0] ?? ''}`;
  return { tenantId, app: route.name, holder, sessionId, user: input.user ?? user };
}
