import type { Ticket, UpstreamHandle } from '@sluice/contracts';
import { itineraryOf } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Stops what a cancelled job left running upstream while no worker followed it. */
export async function stopCancelled(
  ticket: Ticket,
  { upstream: handle, targetIndex }: { upstream: UpstreamHandle; targetIndex: number },
  deps: Pick<RunJobDeps, 'adapterFor' | 'config' | 'records'>,
): Promise<void> {
  const job = await deps.records.readSummary(ticket.jobId);
  if (!job) return;
  const { steps } = itineraryOf(deps.config, { ...job, type: callTypeOf(job.type) });
  const target = steps[targetIndex]?.target;
  if (!target) return;
  await deps.adapterFor(target.provider.kind).stop?.({ target, jobId: ticket.jobId, handle });
}
