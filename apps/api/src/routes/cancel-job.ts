import type { Request, Response } from 'express';

import { cancelJob } from '../cancel-job.ts';
import type { ApiDeps } from '../deps.ts';
import { findJob, jobIdOf } from '../find-job.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { replyJson } from '../http/reply.ts';
import { jobView } from '../view/job-view.ts';

/**
 * `POST /v1/jobs/:id/cancel`: ends a live job, and with a batch its live children. 200 with the cancelled job; 409
 * `job_not_cancellable` when it had ended. A call that is under way is cut by its worker, which then adds to
 * the job what the call had taken.
 */
export function cancelJobRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = jobIdOf(request);
    const { tenantId } = callerOf(response);
    await cancelJob(await findJob(id, tenantId, deps), deps);
    const view = jobView(await findJob(id, tenantId, deps), deps.config.jobs);
    replyJson(response, 200, JSON.stringify(view));
  };
}
