import type { Request, Response } from 'express';

import type { ApiDeps } from '../deps.ts';
import { findJob, jobIdOf } from '../find-job.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { retryJob } from '../retry-job.ts';
import { jobView } from '../view/job-view.ts';

/**
 * `POST /v1/jobs/:id/retry`: a failed, quarantined, cancelled or expired job is queued again under its id, with as much time to
 * start as at first. 202 with the job; what it came to before is in its `earlier_tries`, and its new end is told by an event
 * of its own. 409 `job_not_retryable` for one that is live or completed, and for batches.
 */
export function retryJobRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = jobIdOf(request);
    const { tenantId } = callerOf(response);
    deps.redisWatch.assertRoom();
    await retryJob(await findJob(id, tenantId, deps), deps);
    const view = jobView(await findJob(id, tenantId, deps), deps.config.jobs);
    replyJson(response, 202, JSON.stringify(view), { Location: `/v1/jobs/${id}` });
  };
}
