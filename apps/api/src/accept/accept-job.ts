import { SluiceError, type JobRequest } from '@sluice/contracts';
import type { AcceptReply, Idempotency } from '@sluice/records';

import { acceptAnswered } from './accept-answered.ts';
import type { ApiDeps } from '../deps.ts';
import { refuseSpent } from './refuse-spent.ts';
import { askCache, type AskCacheDeps } from '../cache/ask-cache.ts';

/** Whether the request made a job, or an earlier one with the same Idempotency-Key did. */
export type Accepted =
  /** `hasEnded`: the cache has answered it. */
  { kind: 'created'; hasEnded?: true } | { kind: 'replayed'; jobId: string };

type AcceptDeps = AskCacheDeps & Pick<ApiDeps, 'budgets' | 'redisWatch'>;

/**
 * Writes the record and places the ticket, in one script: there is never one without the other. Resolves only when Redis
 * has acknowledged it. What the cache answers has ended then, and had no ticket.
 * @throws SluiceError `budget_exceeded` when its payer has spent all of a budget and the cache does not answer; `queue_full` when the tenant has as much as it may; `idempotency_key_reused`; `unavailable` when Redis did not answer in time: the outcome is unknown.
 */
export async function acceptJob(
  request: JobRequest,
  idempotency: Idempotency | undefined,
  deps: AcceptDeps,
): Promise<Accepted> {
  const { tenantId } = request;
  const reply = await deps.redisWatch.unlessSilent(
    accept(request, idempotency, deps),
    outcomeUnknown,
  );
  if (reply.kind === 'full') throw queueFull(tenantId, reply);
  if (reply.kind !== 'mismatch') return reply;
  throw keyReused();
}

/** The refusal of an Idempotency-Key that another body has. */
export function keyReused(): SluiceError {
  return new SluiceError(
    'idempotency_key_reused',
    'Idempotency-Key: this key was used with another body; use a new key for a new job',
    { param: 'Idempotency-Key' },
  );
}

async function accept(
  request: JobRequest,
  idempotency: Idempotency | undefined,
  deps: AcceptDeps,
): Promise<AcceptReply | Accepted> {
  const word = await askCache(request, deps);
  if (word.kind === 'ended') {
    const { ending } = word;
    const reply = await acceptAnswered(request, { ending, idempotency }, deps);
    return reply.kind === 'created' ? { ...reply, hasEnded: true } : reply;
  }
  // What the cache answers costs nothing; what it may answer in its turn is refused then, before its call.
  if (word.kind === 'call') refuseSpent(request, deps.budgets);
  const { jobId, tenantId, type, model, lane, priority, tokens, weight, runAtMs } = request;
  const ticket = { jobId, tenantId, type, model, attempt: (request.targetIndex ?? 0) + 1 };
  const placement = deps.lanes.placement({ ticket, lane, priority, tokens, weight, runAtMs });
  return await deps.records.accept(request, idempotency, placement);
}

/** When a client that was refused should try again: jobs end all the time. */
const fullRetryMs = 5_000;

const capNames = {
  maxQueuedJobs: { param: 'max_queued_jobs', unit: 'jobs that have not ended' },
  maxQueuedBytes: { param: 'max_queued_bytes', unit: 'bytes in jobs that have not ended' },
};

function queueFull(
  tenantId: string,
  { cap, has, may }: Extract<AcceptReply, { kind: 'full' }>,
): SluiceError {
  const { param, unit } = capNames[cap];
  const message = `${param}: the tenant "${tenantId}" has ${has} ${unit} and may have ${may}; this one would be too many`;
  return new SluiceError('queue_full', message, { param, retryAfterMs: fullRetryMs });
}

function outcomeUnknown(): SluiceError {
  return new SluiceError(
    'unavailable',
    `Redis does not answer: whether the job was accepted is unknown. ` +
      'A retry with the same Idempotency-Key is safe',
    { retryable: false },
  );
}
