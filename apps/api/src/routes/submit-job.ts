import type { Request, Response } from 'express';

import { isTerminal, type JobView } from '@sluice/contracts';
import { parseAllowList } from '@sluice/runtime';

import { acceptJob, type Accepted } from '../accept/accept-job.ts';
import { fingerprintOf, idempotencyKeyOf } from '../accept/idempotency.ts';
import { chooseStart } from '../accept/choose-start.ts';
import { checkModels, parseSubmit } from '../accept/parse-submit.ts';
import { keepToBudget } from '../accept/keep-to-budget.ts';
import { toJobRequest } from '../accept/to-job-request.ts';
import type { ApiDeps } from '../deps.ts';
import { ownJob } from '../find-job.ts';
import { goneSignal, preferredWaitSeconds } from '../http/long-poll.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { jobView, queuedView } from '../view/job-view.ts';
import { endedHeaders } from '../view/ended-headers.ts';
import { waitForJob } from '../wait-for-job.ts';

/**
 * `POST /v1/jobs`: accepts a job. 202 with `Location` and the queued job, once Redis has acknowledged it.
 *
 * - `Idempotency-Key`: the same key and body give the same job again (`Idempotency-Replayed: true`); the same key with
 *   another body is `idempotency_key_reused`.
 * - `Prefer: wait=N`: waits up to N seconds (60 at most) and answers 200 with the ended job if it ended in time.
 *
 * The hottest route: one round trip to Redis without an Idempotency-Key, and nothing is read back.
 */
export function submitJobRoute(deps: ApiDeps) {
  const { config, records, clock } = deps;
  const allow = parseAllowList(config.allowPrivateHosts);
  return async (request: Request, response: Response): Promise<void> => {
    deps.redisWatch.assertRoom();
    const caller = callerOf(response);
    const { tenantId, keyId, weight } = caller;
    const idempotencyKey = idempotencyKeyOf(request);
    const body = await readJson(request, config.server.maxBodyBytes);
    const submitted = keepToBudget(parseSubmit(body, config, allow), caller, deps.budgets);
    checkModels(submitted, config);
    const jobId = records.newJobId(
      idempotencyKey === undefined ? undefined : { tenantId, idempotencyKey },
    );
    const made = {
      jobId,
      tenantId,
      keyId,
      createdAtMs: clock.now(),
      ...(weight !== undefined && { weight }),
    };
    const start = chooseStart(submitted, made, deps);
    const job = toJobRequest(submitted, { ...made, ...start }, config);
    const accepted = await acceptJob(
      job,
      idempotencyKey === undefined
        ? undefined
        : { key: idempotencyKey, fingerprint: fingerprintOf(body) },
      deps,
    );
    deps.metrics.accepted(job.type, accepted.kind);
    const known = accepted.kind === 'created' ? queuedView(job) : undefined;
    await answer(request, response, { accepted, jobId, known }, deps);
  };
}

interface Answered {
  accepted: Accepted;
  /** Of the job this request made, if it made one. */
  jobId: string;
  /** Its view; a replayed job has to be read. */
  known: JobView | undefined;
}

async function answer(
  request: Request,
  response: Response,
  { accepted, jobId, known }: Answered,
  deps: ApiDeps,
): Promise<void> {
  const id = accepted.kind === 'replayed' ? accepted.jobId : jobId;
  const waitMs = preferredWaitSeconds(request) * 1_000;
  const headers: Record<string, string> = { Location: `/v1/jobs/${id}` };
  if (accepted.kind === 'replayed') headers['Idempotency-Replayed'] = 'true';
  if (known && waitMs === 0) {
    replyJson(response, 202, JSON.stringify(known), headers);
    return;
  }
  const job = await waitForJob(id, waitMs, goneSignal(response, deps.closing), deps);
  const view = jobView(ownJob(id, callerOf(response).tenantId, job), deps.config.jobs);
  if (waitMs > 0) headers['Preference-Applied'] = `wait=${waitMs / 1_000}`;
  const ended = waitMs > 0 && isTerminal(view.state);
  if (ended) Object.assign(headers, endedHeaders(view));
  replyJson(response, ended ? 200 : 202, JSON.stringify(view), headers);
}
