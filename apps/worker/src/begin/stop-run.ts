import type { Outcome, Ticket } from '@sluice/contracts';
import type { BeginReply } from '@sluice/records';
import { itineraryOf } from '@sluice/routing';

import { callTypeOf } from './call-type.ts';
import type { Plan } from './plan-job.ts';
import type { RunJobDeps } from '../run-job-deps.ts';

/** Stops what a job left running upstream that was cancelled or expired while no worker followed it. */
export async function stopAbandoned(
  ticket: Ticket,
  { state, targetIndex, upstream: handle }: Extract<BeginReply, { kind: 'ended' }>,
  deps: Pick<RunJobDeps, 'adapterFor' | 'config' | 'records'>,
): Promise<void> {
  if (!handle || (state !== 'cancelled' && state !== 'expired')) return;
  const job = await deps.records.readSummary(ticket.jobId);
  if (!job) return;
  const { steps } = itineraryOf(deps.config, { ...job, type: callTypeOf(job.type) });
  const target = steps[targetIndex]?.target;
  if (!target) return;
  await deps.adapterFor(target.provider.kind).stop?.({ target, jobId: ticket.jobId, handle });
}

/** The refusal of a job, once what an earlier run of it has started upstream was told to stop. */
export async function stopRefused(
  { record, target }: Plan,
  refusal: Outcome,
  { adapterFor }: Pick<RunJobDeps, 'adapterFor'>,
): Promise<Outcome> {
  const { jobId, upstream: handle } = record;
  if (handle) await adapterFor(target.provider.kind).stop?.({ target, jobId, handle });
  return refusal;
}
