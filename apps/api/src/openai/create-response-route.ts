import type { Request, Response } from 'express';

import { inWireTerms, parseWireBody } from '@sluice/config';
import { responseIdOf } from '@sluice/contracts';
import {
  calleeOf,
  refuseDifyBody,
  responseBody,
  responseFields,
  responseObject,
  ResponseStream,
  tidyResponseBody,
  toResponseJob,
  type StreamedResponse,
} from '@sluice/openai';

import type { ApiDeps } from '../deps.ts';
import { readJson } from '../http/read-json.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { answerTaken, takeCall, type SyncCall } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';
import type { WireFormat } from '../sync/wire-format.ts';
import { findPrevious, findResponse } from './find-response.ts';

/**
 * `POST /v1/responses`: OpenAI's, with a configured model or an app of Dify: whole, in events, or with `background` at once, to
 * be polled.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function createResponseRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const { tenantId } = callerOf(response);
    const call = await readCall(request, tenantId, deps);
    const taken = await takeCall(request, response, call, deps);
    const { jobId } = taken;
    const id = responseIdOf(jobId);
    const known = taken.made ?? (await findResponse(id, tenantId, deps));
    if (!call.isBackground || call.isStream) {
      await answerTaken(
        request,
        response,
        { ...call, ...taken, format: formatOf({ ...call, request: known }) },
        deps,
      );
      return;
    }
    const body = JSON.stringify(responseObject(known, call.outputVariable));
    replyJson(response, 200, body, { 'X-Sluice-Job-Id': jobId });
  };
}

interface CreateCall extends SyncCall {
  isBackground: boolean;
  isStream: boolean;
  outputVariable: string | undefined;
}

async function readCall(request: Request, tenantId: string, deps: ApiDeps): Promise<CreateCall> {
  const { headers } = request;
  const { config } = deps;
  const options = readCallOptions(headers);
  const body = await readJson(request, config.server.maxBodyBytes);
  refuseDifyBody(body, 'input');
  const parsed = parseWireBody(tidyResponseBody(body), responseBody);
  const callee = calleeOf(headers, parsed.model, config);
  const previous = await findPrevious(parsed.previous_response_id, tenantId, deps);
  const hasSession = options.sessionId !== undefined;
  const job = toResponseJob(parsed, { callee, headers, previous, hasSession }, config);
  const isBackground = parsed.background === true;
  return {
    submitted: job.submitted,
    more: { response: job.facts },
    body,
    // Nobody has to stay for what is done in the background.
    options: isBackground ? { ...options, onDisconnect: 'complete' } : options,
    isBackground,
    isStream: parsed.stream === true,
    outputVariable: headers['x-dify-output-variable']?.toString(),
    refusal: (error) => inWireTerms(error, responseFields(callee, parsed)),
  };
}

/** How a response is written for one client. */
export function formatOf(
  given: StreamedResponse & { refusal?: WireFormat['refusal'] },
): WireFormat {
  const { request, outputVariable, refusal = (error) => error } = given;
  return {
    whole: (job) => JSON.stringify(responseObject({ ...request, ...job }, outputVariable)),
    stream: () => new ResponseStream(given),
    opensAtOnce: true,
    refusal,
  };
}
