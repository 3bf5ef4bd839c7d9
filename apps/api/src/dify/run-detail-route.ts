import type { Request, Response } from 'express';

import { isTerminal, type JobRecord, type WorkflowInput } from '@sluice/contracts';
import { runData, runIdsOf, runIdsOfJob, runStatusOf, secondsOf } from '@sluice/dify';

import type { ApiDeps } from '../deps.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { headersOfJob } from '../sync/followed.ts';
import { findRun } from './find-run.ts';

/** `GET /v1/workflows/run/:id`: how a run stands. @see https://docs.dify.ai/api-reference/workflows/get-workflow-run-detail */
export function runDetailRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId } = callerOf(response);
    // A chatflow has runs too.
    const asked = { tenantId, families: ['workflow', 'chat'] as const };
    const job = await findRun(String(request.params['id']), asked, deps);
    const own = { 'X-Sluice-Job-Id': job.jobId };
    const headers = isTerminal(job.state) ? headersOfJob(job, deps) : own;
    replyJson(response, 200, JSON.stringify(runDetail(job)), headers);
  };
}

/** The run of a job, as Dify describes one; of a run that goes on, what is known of it. */
export function runDetail(job: JobRecord) {
  const { jobId, state, startedAtMs, createdAtMs, error, upstream } = job;
  const result = job.result?.type === 'workflow' ? job.result : undefined;
  // A job of that type has that input.
  const { inputs } = job.input as WorkflowInput;
  const status = runStatusOf(state, result);
  if (result) {
    const { created_at, finished_at, ...data } = runData(job, result, runIdsOfJob(job, result));
    return { ...data, status, inputs: JSON.stringify(inputs), created_at, finished_at };
  }
  const hasEnded = isTerminal(state) && job.endedAtMs !== undefined;
  return {
    id: runIdsOf(jobId, upstream?.run_id === undefined ? {} : { workflow_run_id: upstream.run_id })
      .run,
    workflow_id: '',
    status,
    inputs: JSON.stringify(inputs),
    outputs: null,
    error: status === 'failed' ? (error?.message ?? null) : null,
    total_steps: 0,
    total_tokens: 0,
    created_at: secondsOf(startedAtMs ?? createdAtMs),
    finished_at: hasEnded ? secondsOf(job.endedAtMs ?? 0) : null,
    elapsed_time: hasEnded ? ((job.endedAtMs ?? 0) - (startedAtMs ?? createdAtMs)) / 1_000 : null,
  };
}
