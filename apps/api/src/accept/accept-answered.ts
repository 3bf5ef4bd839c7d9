import { deltaOfResult, type JobEnding, type JobRequest } from '@sluice/contracts';
import type { AcceptReply, Idempotency } from '@sluice/records';
import { newId } from '@sluice/runtime';
import { eventIdOf } from '@sluice/webhooks';

import type { ApiDeps } from '../deps.ts';

/**
 * Accepts a job that needs no turn, and ends it: its record, the pieces of its answer if it streams, its end with everything
 * that follows from it. It gets no ticket; after a crash between record and end the sweeper makes one. One after the other: a
 * piece of a job that is not there yet is refused, and a result is sealed with the key of its record's tenant.
 */
export async function acceptAnswered(
  request: JobRequest,
  { ending, idempotency }: { ending: JobEnding; idempotency: Idempotency | undefined },
  { records, clock }: Pick<ApiDeps, 'records' | 'clock'>,
): Promise<AcceptReply> {
  const { jobId, tenantId } = request;
  const reply = await records.accept(request, idempotency);
  if (reply.kind !== 'created') return reply;
  const { result } = ending;
  const delta = request.stream && result && result.type !== 'batch' && deltaOfResult(result);
  if (delta) {
    const run = newId('run', clock.now());
    await records.appendDelta(jobId, { tenantId, run, number: 1, attempt: 1, delta });
  }
  await records.finish(jobId, ending, eventIdOf(jobId));
  return reply;
}
