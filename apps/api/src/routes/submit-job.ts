import type { Request, Response } from 'express';

import { isTerminal } from '@sluice/contracts';
import { parseAllowList } from '@sluice/runtime';

import { fingerprintOf, idempotencyKeyOf } from '../accept/idempotency.ts';
import { parseSubmit } from '../accept/parse-submit.ts';
import { takeJob, type TakenJob } from '../accept/take-job.ts';
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
 * A job that the cache answers has ended in the reply.
 *
 * The hottest route: one round trip to Redis where the model does not cache, and nothing is read back.
 */
export function submitJobRoute(deps: ApiDeps) {
  const { config } = deps;
  const allow = parseAllowList(config.allowPrivateHosts);
  return async (request: Request, response: Response): Promise<void> => {
    deps.redisWatch.assertRoom();
    const caller = callerOf(response);
    const key = idempotencyKeyOf(request);
    const body = await readJson(request, config.server.maxBodyBytes);
    const submitted = parseSubmit(body, config, allow);
    const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(body) };
    await answer(request, response, await takeJob(submitted, { caller, idempotency }, deps), deps);
  };
}

async function answer(
  request: Request,
  response: Response,
  { jobId, made, hasEnded }: TakenJob,
  deps: ApiDeps,
): Promise<void> {
  const waitMs = preferredWaitSeconds(request) * 1_000;
  const headers: Record<string, string> = { Location: `/v1/jobs/${jobId}` };
  if (!made) headers['Idempotency-Replayed'] = 'true';
  if (made && !hasEnded && waitMs === 0) {
    replyJson(response, 202, JSON.stringify(queuedView(made)), headers);
    return;
  }
  const gone = goneSignal(response, deps.closing);
  const job = hasEnded
    ? await deps.records.readWithoutInput(jobId)
    : await waitForJob(jobId, { waitMs, gone, isNew: made !== undefined }, deps);
  const view = jobView(ownJob(jobId, callerOf(response).tenantId, job), deps.config.jobs);
  if (waitMs > 0) headers['Preference-Applied'] = `wait=${waitMs / 1_000}`;
  const ended = waitMs > 0 && isTerminal(view.state);
  if (ended) Object.assign(headers, endedHeaders(view));
  replyJson(response, ended ? 200 : 202, JSON.stringify(view), headers);
}
