import type { Request, Response } from 'express';

import { parseWireBody } from '@sluice/config';
import { isTerminal, SluiceError } from '@sluice/contracts';
import { userBody } from '@sluice/dify';

import { cancelJob } from '../cancel-job.ts';
import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import type { Family } from './choose-app.ts';
import { findRun } from './find-run.ts';

/** `POST /v1/workflows/tasks/:id/stop`. @see https://docs.dify.ai/api-reference/workflow-execution/stop-workflow-task */
export const stopWorkflowRoute = (deps: ApiDeps) => stopRoute('workflow', deps);

/** `POST /v1/chat-messages/:id/stop`. */
export const stopChatRoute = (deps: ApiDeps) => stopRoute('chat', deps);

/** `POST /v1/completion-messages/:id/stop`. */
export const stopCompletionRoute = (deps: ApiDeps) => stopRoute('completion', deps);

/**
 * Cancels the job of a task, whether it waits or runs, and with it the run at Dify. As at Dify one that has ended is stopped with
 * success too, and a message is stopped by nobody but the user who asked for it, which is not told.
 */
function stopRoute(family: Family, deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const body = await readJson(request, deps.config.server.maxBodyBytes);
    const { user } = parseWireBody(body, userBody);
    const { tenantId } = callerOf(response);
    const asked = { tenantId, families: [family] };
    const job = await findRun(String(request.params['id']), asked, deps);
    const isTheirs = family === 'workflow' || job.user === undefined || job.user === user;
    if (isTheirs && !isTerminal(job.state)) await cancelUnlessEnded(job, deps);
    const headers = { 'X-Sluice-Job-Id': job.jobId };
    replyJson(response, 200, JSON.stringify({ result: 'success' }), headers);
  };
}

async function cancelUnlessEnded(
  job: Parameters<typeof cancelJob>[0],
  deps: ApiDeps,
): Promise<void> {
  try {
    await cancelJob(job, deps);
  } catch (error) {
    if (!(error instanceof SluiceError && error.code === 'job_not_cancellable')) throw error;
  }
}
