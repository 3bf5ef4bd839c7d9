import type { Target } from '@sluice/config';
import { z } from 'zod';

import type { BatchedRequest, VendorResult } from '../batch/batch-api.ts';
import { readDocument } from '../http/call-document.ts';
import { badUpstream, parseJson, type CallContext } from '../http/call-upstream.ts';
import { errorFieldsOf } from '../http/error-fields.ts';
import { upstreamError } from '../http/upstream-error.ts';
import {
  embeddings,
  embeddingsBody,
  readEmbeddings,
} from '../openai-compatible/call-embeddings.ts';
import { ChatAssembly } from '../openai-compatible/chat-assembly.ts';
import { convertRequest } from '../openai-compatible/convert-request.ts';
import { fitChat } from './fit-chat.ts';
import { usesResponses } from './responses/call-responses.ts';
import { convertRequest as toResponse } from './responses/convert-request.ts';
import { ResponseAssembly } from './responses/response-assembly.ts';

/** The endpoint of a batch of that type: chats by the API that their target is asked by. */
export function urlOf(target: Target, type: BatchedRequest['type']): string {
  if (type === 'embedding') return '/v1/embeddings';
  return usesResponses(target) ? '/v1/responses' : '/v1/chat/completions';
}

/** A line of the file of a batch. @throws SluiceError `upstream_invalid_request`, as the call would. */
export function encodeLine(request: BatchedRequest): string {
  const { customId, target, type } = request;
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: urlOf(target, type),
    body: bodyOf(request),
  });
}

function bodyOf(request: BatchedRequest): Record<string, unknown> {
  const asked = { ...request, user: undefined };
  if (asked.type === 'embedding') return embeddingsBody(asked, { takesFormat: true });
  const {
    stream: _stream,
    stream_options: _options,
    ...body
  } = usesResponses(asked.target)
    ? toResponse(asked)
    : convertRequest({ ...asked, input: fitChat(asked) });
  return body;
}

const resultSchema = z.object({
  custom_id: z.string(),
  response: z
    .object({
      status_code: z.number(),
      request_id: z.string().nullish(),
      body: z.unknown().optional(),
    })
    .nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});

/** Lines that the end of the batch has left without an answer. */
const unanswered = new Set(['batch_expired', 'batch_cancelled']);

/** A line of one of the files of results. */
export function openResult(context: CallContext, line: string): VendorResult {
  const parsed = resultSchema.safeParse(parseJson(line, context.target));
  if (!parsed.success) throw badUpstream(context.target, 'sent something that is no result', line);
  const { custom_id: customId, response, error } = parsed.data;
  return {
    customId,
    isAnswered: !(error && unanswered.has(error.code ?? '')),
    reply(request) {
      const head = { status: response?.status_code ?? 500, headers: {} };
      if (!response || head.status >= 300) {
        const { target, http } = context;
        const fields = errorFieldsOf(response ? response.body : { error });
        throw upstreamError({ target, nowMs: http.clock.now() }, head, fields);
      }
      const upstreamRequestId = response.request_id ?? undefined;
      if (request.type === 'embedding') {
        const expected = { schema: embeddings, name: 'embeddings' };
        const value = readDocument(context, head, response.body, expected);
        return readEmbeddings(request, value, upstreamRequestId);
      }
      if (usesResponses(context.target)) {
        const reply = new ResponseAssembly(context, head).whole(response.body);
        return { ...reply, upstreamRequestId };
      }
      const assembly = new ChatAssembly(context, head);
      assembly.add(response.body);
      return { ...assembly.finish(), upstreamRequestId };
    },
  };
}
