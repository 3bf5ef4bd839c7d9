import { hurryTicket } from '@sluice/queue';
import { shardOf, type JobSummary } from '@sluice/records';

import type { ApiDeps } from './deps.ts';

/** Lets the job's ticket run now; one that a worker is just putting down is waited for, `patienceMs` at most. */
export async function hurryJob(
  job: Omit<JobSummary, 'state'>,
  { lanes, clock }: Pick<ApiDeps, 'lanes' | 'clock'>,
  patienceMs: number,
): Promise<void> {
  const { jobId, tenantId, type, model, lane, priority, targetIndex, retries } = job;
  const run = { attempt: targetIndex + 1, ...(retries > 0 && { retry: retries }) };
  const ticket = { jobId, tenantId, type, model, ...run };
  const shard = shardOf(jobId) ?? 0;
  await hurryTicket(lanes, { ticket, lane, priority }, { shard, clock, patienceMs });
}
