import { deltaOfResult, type JobEnding, type JobRequest } from '@sluice/contracts';
import type { AcceptReply, Idempotency } from '@sluice/records';
import { newId } from '@sluice/runtime';
import { eventIdOf } from '@sluice/webhooks';

import type { ApiDeps } from '../deps.ts';

/**
 * Accepts a job that needs no turn, and ends it, in one round trip: its record, the pieces of its answer if it streams, its
 * end with everything that follows from it. It gets no ticket; after a crash between record and end the sweeper makes one.
 * The end of a job that was replayed by its Idempotency-Key is nobody's: no record has its id.
 */
export async function acceptAnswered(
  request: JobRequest,
  { ending, idempotency }: { ending: JobEnding; idempotency: Idempotency | undefined },
  { records, clock }: Pick<ApiDeps, 'records' | 'clock'>,
): Promise<AcceptReply> {
  const { jobId, tenantId } = request;
  const accepting = records.accept(request, idempotency);
  const { result } = ending;
  const delta = request.stream && result && result.type !== 'batch' && deltaOfResult(result);
  if (delta) {
    const run = newId('run', clock.now());
    await records.appendDelta(jobId, { tenantId, run, number: 1, attempt: 1, delta });
  }
  const [reply, finished] = await Promise.all([
    accepting,
    records.finish(jobId, ending, eventIdOf(jobId)),
  ]);
  // Where texts are sealed first, the end may have overtaken the record.
  if (reply.kind === 'created' && finished.kind === 'missing') {
    await records.finish(jobId, ending, eventIdOf(jobId));
  }
  return reply;
}
