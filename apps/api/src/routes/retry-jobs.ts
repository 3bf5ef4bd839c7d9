import type { Request, Response } from 'express';

import { invalidBody } from '@sluice/config';
import { retryJobs, SluiceError, type RetryJobs } from '@sluice/contracts';
import type { JobFilter, JobSummary } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { retryJob } from '../retry-job.ts';

const maxBodyBytes = 65_536;

/**
 * `POST /v1/jobs/retry`: tries a tenant's ended jobs again, those that the filter names, the newest first, 100 at most in one
 * call. 200 with the ids that were queued and, for each one that was not, why; `has_more` and `next_cursor` go on as in
 * lists. Called again with the same cursor it finds only what has ended since.
 */
export function retryJobsRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    deps.redisWatch.assertRoom();
    const body = await readJson(request, maxBodyBytes);
    const parsed = retryJobs.safeParse(body);
    if (!parsed.success) throw invalidBody(parsed.error.issues, body, retryJobs);
    const page = await deps.records.list(callerOf(response).tenantId, toFilter(parsed.data));
    const outcomes = await Promise.all(page.records.map((job) => tryAgain(job, deps)));
    const answer = {
      object: 'job.retries',
      retried: outcomes.filter(({ error }) => error === undefined).map(({ id }) => id),
      skipped: outcomes.filter(({ error }) => error !== undefined),
      has_more: page.nextCursor !== undefined,
      next_cursor: page.nextCursor ?? null,
    };
    replyJson(response, 200, JSON.stringify(answer));
  };
}

function toFilter({
  state,
  type,
  model,
  error_code: errorCode,
  limit,
  after,
}: RetryJobs): JobFilter {
  return {
    state,
    limit,
    ...(type && { type }),
    ...(model !== undefined && { model }),
    ...(errorCode && { errorCode }),
    ...(after !== undefined && { after }),
  };
}

/** One that cannot be retried holds up no other; Redis's absence ends the whole call. */
async function tryAgain(
  job: JobSummary,
  deps: ApiDeps,
): Promise<{ id: string; error?: { code: string; message: string } }> {
  try {
    await retryJob(job, deps);
    return { id: job.jobId };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.retryable) throw error;
    return { id: job.jobId, error: { code: error.code, message: error.message } };
  }
}
