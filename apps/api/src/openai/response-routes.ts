import type { Request, Response } from 'express';

import { isTerminal, SluiceError, type ChatInput } from '@sluice/contracts';
import { inputItems, responseObject } from '@sluice/openai';

import { cancelJob } from '../cancel-job.ts';
import type { ApiDeps } from '../deps.ts';
import { oneOf, readQuery, wholeNumber } from '../http/query.ts';
import { replyJson } from '../http/reply.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { answerTaken } from '../sync/answer-call.ts';
import { readCallOptions } from '../sync/call-options.ts';
import { headersOfJob } from '../sync/followed.ts';
import { formatOf } from './create-response-route.ts';
import { findResponse } from './find-response.ts';

/** What the client asks of `GET /v1/responses/:id`; the others are OpenAI's and change nothing here. */
const query = ['stream', 'starting_after', 'include', 'include[]', 'include_obfuscation'] as const;

/**
 * `GET /v1/responses/:id`: the response as it is now, or with `stream=true` its events, from the first one or behind
 * `starting_after`.
 */
export function getResponseRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const asked = readQuery(request, query);
    const after = asked.starting_after;
    const startingAfter =
      after === undefined
        ? undefined
        : wholeNumber('starting_after', after, { from: 0, to: 999_999_999 });
    const isStream = oneOf('stream', asked.stream ?? 'false', ['true', 'false']) === 'true';
    if (startingAfter !== undefined && !isStream) {
      throw new SluiceError('invalid_request', 'starting_after: needs stream=true', {
        param: 'starting_after',
      });
    }
    const options = readCallOptions(request.headers);
    const job = await findResponse(String(request.params['id']), callerOf(response).tenantId, deps);
    if (!isStream || request.method === 'HEAD') {
      replyJson(response, 200, JSON.stringify(responseObject(job)), endedHeadersOf(job, deps));
      return;
    }
    const format = formatOf({ request: job, startingAfter });
    // Whoever only looks on does not cancel it by going.
    const call = {
      jobId: job.jobId,
      isStream,
      format,
      options: { ...options, onDisconnect: 'complete' as const },
    };
    await answerTaken(request, response, call, deps);
  };
}

/** `POST /v1/responses/:id/cancel`: the cancelled response; one that has ended stays as it is. */
export function cancelResponseRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const { tenantId } = callerOf(response);
    const job = await findResponse(id, tenantId, deps);
    try {
      if (!isTerminal(job.state)) await cancelJob(job, deps);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof SluiceError && error.code === 'job_not_cancellable')) throw error;
    }
    const now = await findResponse(id, tenantId, deps);
    replyJson(response, 200, JSON.stringify(responseObject(now)), endedHeadersOf(now, deps));
  };
}

/** `DELETE /v1/responses/:id`: erases an ended response with its job. */
export function deleteResponseRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = String(request.params['id']);
    const job = await findResponse(id, callerOf(response).tenantId, deps);
    if (!isTerminal(job.state)) {
      throw new SluiceError('job_not_ended', `the response is ${job.state}: cancel it before`, {
        param: 'id',
      });
    }
    await deps.records.erase(job.jobId);
    replyJson(response, 200, JSON.stringify({ id, object: 'response', deleted: true }));
  };
}

/** `GET /v1/responses/:id/input_items`: what it was asked, everything before it included, the newest first unless asked otherwise. */
export function responseItemsRoute(deps: ApiDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const asked = readQuery(request, ['after', 'include', 'include[]', 'limit', 'order']);
    const order = oneOf('order', asked.order ?? 'desc', ['asc', 'desc']);
    const limit = wholeNumber('limit', asked.limit ?? '20', { from: 1, to: 100 });
    const job = await findResponse(String(request.params['id']), callerOf(response).tenantId, deps);
    // A job of that type has that input; of an app the whole is one text.
    const { messages } = job.type === 'chat' ? (job.input as ChatInput) : { messages: [] };
    const own = job.response?.isInstructed ? messages.slice(1) : messages;
    const items = inputItems(job.jobId, own);
    const ordered = order === 'asc' ? items : items.toReversed();
    const from =
      asked.after === undefined ? 0 : ordered.findIndex(({ id }) => id === asked.after) + 1;
    const data = ordered.slice(from, from + limit);
    const page = {
      object: 'list',
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: from + limit < ordered.length,
    };
    replyJson(response, 200, JSON.stringify(page));
  };
}

function endedHeadersOf(
  job: Parameters<typeof headersOfJob>[0],
  deps: ApiDeps,
): Record<string, string> {
  return isTerminal(job.state) ? headersOfJob(job, deps) : { 'X-Sluice-Job-Id': job.jobId };
}
