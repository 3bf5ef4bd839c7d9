import type { Request, Response } from 'express';

import { isTerminal, SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { findJob, jobIdOf } from '../find-job.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';

/**
 * `DELETE /v1/jobs/:id`: erases an ended job, with its request, result and timeline, and with a batch its children. A live
 * one is refused with 409 `job_not_ended`: it is cancelled first. The answer has OpenAI's form of a deletion.
 */
export function deleteJobRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = jobIdOf(request);
    const job = await findJob(id, callerOf(response).tenantId, deps);
    if (!isTerminal(job.state)) {
      throw new SluiceError('job_not_ended', `the job is ${job.state}: cancel it before`, {
        param: 'id',
      });
    }
    await deps.records.erase(id);
    replyJson(response, 200, JSON.stringify({ id, object: 'job', deleted: true }));
  };
}
