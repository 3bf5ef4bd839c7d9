import type { Ticket, UpstreamHandle } from '@sluice/contracts';
import { resolveRoute } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import type { RunJobDeps } from './run-job-deps.ts';

/** Stops what a cancelled job left running upstream while no worker followed it. */
export async function stopCancelled(
  ticket: Ticket,
  { upstream: handle, targetIndex }: { upstream: UpstreamHandle; targetIndex: number },
  deps: Pick<RunJobDeps, 'adapterFor' | 'config'>,
): Promise<void> {
  const route = resolveRoute(deps.config, callTypeOf(ticket.type), ticket.model);
  const target = route.targets[targetIndex];
  if (!target) return;
  await deps.adapterFor(target.provider.kind).stop?.({ target, jobId: ticket.jobId, handle });
}
