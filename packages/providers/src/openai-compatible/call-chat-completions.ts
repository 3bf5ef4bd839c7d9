import { answersOf, SluiceError, type ChatResult } from '@sluice/contracts';

import type { ChatCall } from '../adapter.ts';
import type { ChatReply } from '../replies.ts';
import { callUpstream } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import { ChatAssembly } from './chat-assembly.ts';
import { convertRequest } from './convert-request.ts';
import type { Dialect } from './dialect.ts';

/**
 * One chat completion, always streamed, so that a stuck call is seen; a server that answers with JSON all the same is
 * understood too.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export async function callChatCompletions(
  http: HttpClient,
  call: ChatCall,
  dialect: Dialect,
): Promise<ChatReply> {
  const { target, signal, jobId, onDelta, onRaw } = call;
  const context = { http, target, signal, judge: dialect.judge, onDelta, onRaw };
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
      events: (head) => new ChatAssembly(context, head),
      document: (document, head) => {
        const assembly = new ChatAssembly(context, head);
        assembly.add(document);
        return assembly.finish();
      },
    },
  );
  refuseFewer(call, value.result);
  return { ...value, upstreamRequestId: requestIdOf(headers) };
}

/**
 * A server that does not know `n` gives one answer without a word.
 * @throws SluiceError `bad_upstream` for fewer answers than were asked for, unless the target drops what it cannot take.
 */
function refuseFewer({ input: { n = 1 }, target }: ChatCall, result: ChatResult): void {
  const { length } = answersOf(result);
  if (length >= n || target.dropParams) return;
  const { name } = target.provider;
  const message = `${name} gave ${length} of ${n} answers (n); "dropParams: true" of the model takes them`;
  throw new SluiceError('bad_upstream', message, { retryable: false, param: 'input.n' });
}
