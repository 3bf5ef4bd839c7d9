import type { AppCall } from '../adapter.ts';
import { accountContext } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import { maxDocumentBytes } from '../http/body-reader.ts';
import { callUpstream, parseJson, wholeReader, type CallContext } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { judgeDify } from './judge-dify.ts';

/**
 * One call of Dify's API that runs no app. What is deleted is answered with nothing, status 204.
 * @see https://docs.dify.ai/api-reference
 */
export async function askApp(http: HttpClient, call: AppCall): Promise<unknown> {
  const { method, path, query = {}, body } = call;
  const context = withTime(accountContext(http, call, judgeDify), call.withinMs);
  const { target } = context;
  const request = { method, path, query, body, headers: bearerHeader(target) };
  const { value } = await callUpstream(context, request, {
    whole: () =>
      wholeReader(context, maxDocumentBytes, (text) =>
        method === 'DELETE' && text.trim() === '' ? undefined : parseJson(text, target),
      ),
  });
  return value;
}

function withTime(context: CallContext, ms: number): CallContext {
  const { target } = context;
  const provider = { ...target.provider, timeouts: { firstByteMs: ms, idleMs: ms } };
  return { ...context, target: { ...target, provider } };
}
