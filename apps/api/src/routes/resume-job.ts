import type { Request, Response } from 'express';

import { invalidBody } from '@sluice/config';
import {
  resumeJob,
  SluiceError,
  type FormAnswer,
  type HumanInputForm,
  type ResumeJob,
} from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from '../deps.ts';
import { findJob, jobIdOf } from '../find-job.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { hurryJob } from '../hurry-job.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { jobView } from '../view/job-view.ts';

/** A worker that pauses a job puts its ticket down right after the record says so. */
const patienceMs = 1_000;

/**
 * `POST /v1/jobs/:id/resume`: a person's answer to the form of a paused job. 202 with the job, which is queued again: a
 * worker hands the answer to the upstream and goes on with the run. An answer that the upstream does not take pauses the
 * job again, and its form says why. 409 `job_not_paused` otherwise.
 */
export function resumeJobRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = jobIdOf(request);
    const { tenantId } = callerOf(response);
    const body = await readJson(request, deps.config.server.maxBodyBytes);
    const parsed = resumeJob.safeParse(body);
    if (!parsed.success) throw invalidBody(parsed.error.issues, body, resumeJob);
    const job = await findJob(id, tenantId, deps);
    if (job.state !== 'paused') throw notPaused(job.state);
    const state = await deps.records.resume(id, answerTo(job, parsed.data));
    if (state !== 'paused') throw notPaused(state ?? 'gone');
    await hurryJob(job, deps, patienceMs);
    const view = jobView(await findJob(id, tenantId, deps), deps.config.jobs);
    replyJson(response, 202, JSON.stringify(view));
  };
}

function notPaused(state: string): SluiceError {
  return new SluiceError('job_not_paused', `the job cannot be resumed: it is ${state}`, {
    param: 'id',
  });
}

function answerTo({ upstream }: JobWithoutInput, given: ResumeJob): FormAnswer {
  const form = formOf(upstream?.forms ?? [], given.form_token);
  const known = form.actions.map(({ id }) => id);
  if (known.length > 0 && !known.includes(given.action)) {
    throw invalid('action', `"${given.action}" is none of the form's: ${known.join(', ')}`);
  }
  return { form_token: form.form_token, action: given.action, inputs: given.inputs };
}

function formOf(forms: readonly HumanInputForm[], token: string | undefined): HumanInputForm {
  const [only] = forms;
  const tokens = forms.map((form) => form.form_token).join(', ');
  if (token === undefined) {
    if (only && forms.length === 1) return only;
    throw invalid('form_token', `is needed: the job waits for ${tokens || 'a form nobody knows'}`);
  }
  const form = forms.find((each) => each.form_token === token);
  if (form) return form;
  // Its form never reached us; Dify knows whether there is one.
  if (!only) return { form_token: token, inputs: [], actions: [], asked_at_ms: 0 };
  throw invalid('form_token', `the job waits for no such form, but for ${tokens}`);
}

function invalid(param: string, message: string): SluiceError {
  return new SluiceError('invalid_request', `${param}: ${message}`, { param });
}
