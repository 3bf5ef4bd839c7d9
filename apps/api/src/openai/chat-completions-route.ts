import type { Request, Response } from 'express';

import { inWireTerms, parseWireBody } from '@sluice/config';
import type { CompletedJob, SluiceError } from '@sluice/contracts';
import {
  calleeOf,
  chatBody,
  chatFields,
  completionOf,
  completionStream,
  refuseDifyBody,
  tidyChatBody,
  toChatJob,
} from '@sluice/openai';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { answerCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';

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
    const hasSession = options.sessionId !== undefined;
    const submitted = toChatJob(parsed, { callee, headers, hasSession }, config);
    const asked = {
      model: parsed.model,
      outputVariable: headers['x-dify-output-variable']?.toString(),
      includeUsage: parsed.stream_options?.include_usage,
    };
    const format = (jobId: string) => ({
      whole: (job: CompletedJob) => JSON.stringify(completionOf(job, { ...asked, jobId })),
      stream: () => completionStream({ ...asked, jobId }),
    });
    const refusal = (error: SluiceError) => inWireTerms(error, chatFields(callee, parsed));
    await answerCall(request, response, { submitted, body, options, format, refusal }, deps);
  };
}
