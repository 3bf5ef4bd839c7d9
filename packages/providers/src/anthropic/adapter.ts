import type { Target } from '@sluice/config';

import type { ChatCall, ProviderAdapter } from '../adapter.ts';
import type { ChatReply } from '../replies.ts';
import { accountTarget, type ModelListCall, type ModelPage } from '../http/account.ts';
import { bearerHeader, keyHeader } from '../http/api-key.ts';
import { callUpstream } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import { createBatches } from './batches.ts';
import { convertRequest } from './convert-request.ts';
import { judgeAnthropic } from './judge-anthropic.ts';
import { listModels } from './list-models.ts';
import { MessageAssembly } from './message-assembly.ts';

/** The first version whose own client sends the key as a bearer token. */
const bearerVersion = '2026-10-21';

/** Anthropic's messages. @see https://platform.claude.com/docs/en/api/messages/create */
export function createAnthropicAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) => await callMessages(http, call),
    batches: createBatches({ http, pathOf, headersOf }),
    listModels: async (call) => await callModels(http, call),
  };
}

/** One message, always streamed; a server that answers with a whole one all the same is understood too. */
async function callMessages(http: HttpClient, call: ChatCall): Promise<ChatReply> {
  const { target, signal, sendBy, onDelta, onRaw } = call;
  const context = { http, target, signal, judge: judgeAnthropic, onDelta, onRaw };
  const { value, headers } = await callUpstream(
    context,
    {
      method: 'POST',
      path: pathOf(target, '/messages'),
      headers: headersOf(target),
      body: convertRequest(call),
      sendBy,
    },
    {
      events: (head) => new MessageAssembly(context, head),
      document: (document, head) => new MessageAssembly(context, head).whole(document),
    },
  );
  return { ...value, upstreamRequestId: requestIdOf(headers) };
}

async function callModels(http: HttpClient, call: ModelListCall): Promise<ModelPage> {
  const target = accountTarget(call);
  return await listModels(http, call, {
    path: pathOf(target, '/models'),
    headers: headersOf(target),
  });
}

/** Anthropic's base URL has no version; one that ends in it, as OpenAI's does, is taken all the same. */
function pathOf({ provider }: Target, route: string): string {
  return provider.baseUrl.endsWith('/v1') ? route : `/v1${route}`;
}

function headersOf(target: Target): Record<string, string> {
  const { version = '', beta } = target.provider.options;
  // Dates in ISO form sort as text.
  const key = version >= bearerVersion ? bearerHeader(target) : keyHeader(target, 'x-api-key');
  return {
    ...key,
    'anthropic-version': version,
    ...(beta !== undefined && { 'anthropic-beta': beta }),
  };
}
