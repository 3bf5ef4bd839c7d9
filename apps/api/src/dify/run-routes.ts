import type { Request, Response } from 'express';

import { noFile, shardOfFile } from '@sluice/batches';
import { inWireTerms, parseWireBody } from '@sluice/config';
import type { CompletedJob, SluiceError, SubmitJob } from '@sluice/contracts';
import {
  chatBody,
  completionBody,
  refuseForeignUser,
  runReply,
  tidyRunBody,
  unfinishedAnswer,
  uploadIdsIn,
  workflowBody,
  type RunBody,
} from '@sluice/dify';
import type { z } from 'zod';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';
import { appHeaders, chooseApp, type ChosenApp, type Family } from './choose-app.ts';
import { pingEveryMs, pingFrame, RunStream } from './run-stream.ts';

/** `POST /v1/workflows/run`. @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow */
export const runWorkflowRoute = (deps: ApiDeps) => runRoute('workflow', workflowBody, deps);

/** `POST /v1/chat-messages`, of chat apps, chatflows and agents. @see https://docs.dify.ai/api-reference/chats/send-chat-message */
export const chatMessageRoute = (deps: ApiDeps) => runRoute('chat', chatBody, deps);

/** `POST /v1/completion-messages`. @see https://docs.dify.ai/api-reference/completion/create-completion-message */
export const completionMessageRoute = (deps: ApiDeps) =>
  runRoute('completion', completionBody, deps);

/** Runs an app in Dify's format, whole (`blocking`) or in events (`streaming`), as a job. */
function runRoute(family: Family, schema: z.ZodType<RunBody>, deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { headers } = request;
    const options = readCallOptions(headers, appHeaders);
    const app = chooseApp(headers, family, deps.config);
    const given = await readJson(request, deps.config.server.maxBodyBytes);
    const parsed = parseWireBody(tidyRunBody(given), schema);
    const { tenantId } = callerOf(response);
    await refuseForeignUser(tenantId, parsed.user, deps.tenants);
    await refuseMissingFiles(parsed, tenantId, deps);
    const submitted = toJob(parsed, app);
    const isStream = parsed.response_mode === 'streaming';
    // The app is part of what was asked, although it stands in a header.
    const body = { app: app.name, body: given };
    const call = { submitted, body, options, refusal, format: formatOf(parsed, app, isStream) };
    await answerCall(request, response, call, deps);
  };
}

function toJob(body: RunBody, { name }: ChosenApp): SubmitJob {
  const {
    user,
    response_mode: mode,
    trace_id: _trace,
    trace_session_id: _session,
    ...input
  } = body;
  return {
    type: 'workflow',
    app: name,
    input,
    user,
    ...(mode === 'streaming' && { stream: true }),
  };
}

function formatOf({ inputs }: RunBody, { kind }: ChosenApp, isStream: boolean) {
  return (jobId: string) => {
    const asked = { jobId, kind, inputs };
    return {
      whole: (job: CompletedJob) => JSON.stringify(runReply(job, asked)),
      stream: () => new RunStream(asked),
      asAnswer: (job: Parameters<typeof unfinishedAnswer>[0]) =>
        unfinishedAnswer(job, { kind, isStream }),
      ping: { frame: pingFrame, everyMs: pingEveryMs },
      opensAtOnce: true as const,
    };
  };
}

/** The job's fields are the body's, but that they stand one level deeper. */
function refusal(error: SluiceError): SluiceError {
  return inWireTerms(error, [
    ['input.', ''],
    ['session_id', 'X-Sluice-Session-Id'],
    ['app', 'X-Dify-App-Id'],
  ]);
}

/**
 * Before anything is accepted: a file that is named is there.
 * @throws SluiceError `not_found`, the same for another tenant's.
 */
async function refuseMissingFiles(
  body: RunBody,
  tenantId: string,
  { files }: Pick<ApiDeps, 'files'>,
): Promise<void> {
  const own = uploadIdsIn(body).filter((id) => shardOfFile(id) !== undefined);
  const found = await Promise.all(own.map((id) => files.read(id, tenantId)));
  const missing = own.find((_, i) => !found[i]);
  if (missing !== undefined) throw noFile(missing, 'upload_file_id');
}
