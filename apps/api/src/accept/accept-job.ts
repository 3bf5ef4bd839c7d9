import { SluiceError, type JobRequest } from '@sluice/contracts';
import type { Idempotency } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { withDeadline } from '../http/with-deadline.ts';
import { writeTogether } from './write-together.ts';

/** How long Redis may take to acknowledge a job. One that is paused or swamped must not hold the client's request. */
const acceptDeadlineMs = 2_000;

/** Whether the request made a job, or an earlier one with the same Idempotency-Key did. */
export type Accepted = { kind: 'created' } | { kind: 'replayed'; jobId: string };

type AcceptDeps = Pick<ApiDeps, 'records' | 'lanes' | 'redis'>;

/**
 * Writes the record and adds the ticket. Resolves only when Redis has acknowledged both.
 * @throws SluiceError `idempotency_key_reused`; `unavailable` when Redis did not answer in time: the outcome is unknown.
 */
export function acceptJob(
  request: JobRequest,
  idempotency: Idempotency | undefined,
  deps: AcceptDeps,
): Promise<Accepted> {
  writeTogether(deps.redis);
  const accepting = idempotency ? acceptOnce(request, idempotency, deps) : acceptNew(request, deps);
  return withDeadline(accepting, acceptDeadlineMs, outcomeUnknown);
}

/**
 * One round trip: both commands leave in the same tick on the same connection, the record first. A crash in between
 * leaves a record without a ticket, which the sweeper repairs; never a ticket without its record.
 */
async function acceptNew(request: JobRequest, deps: AcceptDeps): Promise<Accepted> {
  await Promise.all([deps.records.accept(request), addTicket(request, deps)]);
  return { kind: 'created' };
}

/** Only the first request with the key may add a ticket; a replay adds it again where the first may have died before. */
async function acceptOnce(
  request: JobRequest,
  idempotency: Idempotency,
  deps: AcceptDeps,
): Promise<Accepted> {
  const reply = await deps.records.accept(request, idempotency);
  switch (reply.kind) {
    case 'created':
      await addTicket(request, deps);
      return reply;
    case 'replayed':
      await repairTicket(reply.jobId, deps);
      return reply;
    case 'mismatch':
      throw new SluiceError(
        'idempotency_key_reused',
        'Idempotency-Key: this key was used with another body; use a new key for a new job',
        { param: 'Idempotency-Key' },
      );
  }
}

/** Adding the ticket of a run that is there already changes nothing. */
async function repairTicket(jobId: string, deps: AcceptDeps): Promise<void> {
  const job = await deps.records.readWithoutInput(jobId);
  if (job?.state === 'queued' && job.attempts.length === 0 && job.targetIndex === 0) {
    await addTicket(job, deps);
  }
}

async function addTicket(
  { jobId, tenantId, type, model, lane, priority }: Omit<JobRequest, 'input'>,
  { lanes }: AcceptDeps,
): Promise<void> {
  await lanes.add({ ticket: { jobId, tenantId, type, model, attempt: 1 }, lane, priority });
}

function outcomeUnknown(): SluiceError {
  return new SluiceError(
    'unavailable',
    `Redis did not answer within ${acceptDeadlineMs / 1_000} s: whether the job was accepted is unknown. ` +
      'A retry with the same Idempotency-Key is safe',
  );
}
