import type { JobRequest, SubmitJob } from '@sluice/contracts';
import type { Idempotency } from '@sluice/records';
import type { Caller } from '@sluice/tenants';

import type { ApiDeps } from '../deps.ts';
import { acceptJob } from './accept-job.ts';
import { chooseStart } from './choose-start.ts';
import { keepToSize } from './keep-to-size.ts';
import { checkModels } from './parse-submit.ts';
import { toJobRequest } from './to-job-request.ts';

/** A job that Redis has acknowledged. */
export interface TakenJob {
  jobId: string;
  /** The job that this request made; absent where an earlier one with the same Idempotency-Key did. */
  made?: JobRequest;
  /** The cache has answered it. */
  hasEnded?: true;
}

export interface TakeOptions {
  caller: Caller;
  idempotency?: Idempotency | undefined;
  /** What the record keeps beside what any job has. */
  more?: Partial<JobRequest> | undefined;
}

/**
 * What every way into Sluice does with a request whose form is right: budget, model, place to begin, record and ticket.
 * @throws SluiceError `budget_exceeded`, `model_not_found`, `app_not_found`, `invalid_request`, `context_length_exceeded`,
 *   `queue_full`, `idempotency_key_reused`, `unavailable`.
 */
export async function takeJob(
  given: SubmitJob,
  { caller, idempotency, more }: TakeOptions,
  deps: ApiDeps,
): Promise<TakenJob> {
  const { config, records, clock } = deps;
  const { tenantId, keyId, weight } = caller;
  const submitted = keepToSize(given, caller, deps.budgets);
  checkModels(submitted, config);
  const jobId = records.newJobId(idempotency && { tenantId, idempotencyKey: idempotency.key });
  const made = {
    jobId,
    tenantId,
    keyId,
    createdAtMs: clock.now(),
    ...(weight !== undefined && { weight }),
  };
  const start = chooseStart(submitted, made, deps);
  const job = { ...toJobRequest(submitted, { ...made, ...start }, config), ...more };
  const accepted = await acceptJob(job, idempotency, deps);
  deps.metrics.accepted(job.type, accepted.kind);
  if (accepted.kind === 'replayed') return { jobId: accepted.jobId };
  return { jobId, made: job, ...(accepted.hasEnded && { hasEnded: true }) };
}
