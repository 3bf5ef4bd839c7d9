import type { Target } from '@sluice/config';

import type { ChatCall } from '../../adapter.ts';
import type { ChatReply } from '../../replies.ts';
import { callUpstream } from '../../http/call-upstream.ts';
import type { HttpClient } from '../../http/http-client.ts';
import { requestIdOf, type Judge } from '../../http/upstream-error.ts';
import type { Dialect } from '../../openai-compatible/dialect.ts';
import { convertRequest } from './convert-request.ts';
import { ResponseAssembly } from './response-assembly.ts';

/** Whether the model is asked by OpenAI's newer API: some models have no other. */
export function usesResponses({ provider }: Target): boolean {
  return provider.options['api'] === 'responses';
}

/**
 * One response of OpenAI's Responses API, always streamed, so that a stuck call is seen; a server that answers with JSON all
 * the same is understood too.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export async function callResponses(
  http: HttpClient,
  call: ChatCall,
  dialect: Dialect,
): Promise<ChatReply> {
  const { target, signal, jobId, onDelta, onRaw } = call;
  const context = { http, target, signal, judge: judgeResponses, onDelta, onRaw };
  const { value, headers } = await callUpstream(
    context,
    {
      method: 'POST',
      path: dialect.path,
      ...(dialect.query && { query: dialect.query }),
      headers: { ...dialect.headers, 'x-client-request-id': jobId },
      body: convertRequest(call),
      sendBy: call.sendBy,
    },
    {
      events: (head) => new ResponseAssembly(context, head),
      document: (document, head) => new ResponseAssembly(context, head).whole(document),
    },
  );
  return { ...value, upstreamRequestId: requestIdOf(headers) };
}

/** What is wrong with a prompt is told after the response has begun, without a status. */
const judgeResponses: Judge = (status, { codes }) => {
  const isInput = codes.some((code) =>
    /^(?:invalid_(?:prompt|image|base64)|image_|empty_image)/.test(code),
  );
  return status === undefined && isInput ? { code: 'upstream_invalid_request' } : undefined;
};
