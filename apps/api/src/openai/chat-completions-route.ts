import type { Request, Response } from 'express';

import type { Config } from '@sluice/config';
import { SluiceError, type SubmitJob } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions, type CallOptions } from '../sync/call-options.ts';
import { parseWireBody } from '../sync/parse-wire-body.ts';
import type { CompletedJob } from '../sync/wire-format.ts';
import { toAppInput } from './app/to-app-input.ts';
import { calleeOf, refuseDifyBody, type Callee } from './callee.ts';
import { chatBody, tidyChatBody, type ChatBody } from './chat/chat-body.ts';
import { completionOf, completionStream } from './chat/completion.ts';
import { inWireTerms } from './in-wire-terms.ts';

/**
 * `POST /v1/chat/completions`: OpenAI's, with a configured model or an app of Dify.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function chatCompletionsRoute(deps: ApiDeps) {
  const { config } = deps;
  return async (request: Request, response: Response): Promise<void> => {
    const { headers } = request;
    const options = readCallOptions(headers);
    const body = await readJson(request, config.server.maxBodyBytes);
    refuseDifyBody(body, 'messages');
    const parsed = parseWireBody(tidyChatBody(body), chatBody);
    const callee = calleeOf(headers, parsed.model, config);
    const submitted = toJob(parsed, { callee, headers, options }, config);
    const asked = {
      model: parsed.model,
      outputVariable: headers['x-dify-output-variable']?.toString(),
      includeUsage: parsed.stream_options?.include_usage,
    };
    const format = (jobId: string) => ({
      whole: (job: CompletedJob) => completionOf(job, { ...asked, jobId }),
      stream: () => completionStream({ ...asked, jobId }),
    });
    const refusal = (error: SluiceError) => inWireTerms(error, fieldsOf(callee));
    await answerCall(request, response, { submitted, body, options, format, refusal }, deps);
  };
}

interface Call {
  callee: Callee;
  headers: Request['headers'];
  options: CallOptions;
}

/** The job that a chat completion is. */
function toJob(body: ChatBody, { callee, headers, options }: Call, config: Config): SubmitJob {
  const {
    model: _model,
    stream,
    stream_options: _options,
    n: _n,
    logprobs: _logprobs,
    ...rest
  } = body;
  const { user, safety_identifier: person, metadata, store: _store, ...more } = rest;
  const { modalities: _m, service_tier: _tier, prediction: _prediction, ...input } = more;
  const shown = user ?? person;
  const job = {
    ...(stream && { stream }),
    ...(shown !== undefined && { user: shown }),
    ...(metadata && { metadata }),
  };
  if (callee.type === 'chat') return { type: 'chat', model: callee.model, input, ...job };
  refuseForApps(body);
  const hasSession = options.sessionId !== undefined;
  const asked = { messages: body.messages, hasSession, headers };
  return {
    type: 'workflow',
    app: callee.app,
    input: toAppInput(callee.app, asked, config),
    ...job,
  };
}

/** Sampling is the app's own and what is asked of it counts for nothing; these would be missed. */
function refuseForApps({ tools, response_format: format }: ChatBody): void {
  const field = tools ? 'tools' : format && format.type !== 'text' ? 'response_format' : undefined;
  if (field === undefined) return;
  throw new SluiceError('invalid_request', `${field}: an app of Dify has its own; leave it out`, {
    param: field,
  });
}

function fieldsOf({ type, named }: Callee): [string, string][] {
  if (type === 'chat')
    return [
      ['input.', ''],
      ['input', 'messages'],
    ];
  return [
    ['input', 'messages'],
    ['session_id', 'X-Sluice-Session-Id'],
    ['app', named],
  ];
}
