import type { Target } from '@sluice/config';

import type { ProviderAdapter } from '../adapter.ts';
import { accountTarget } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callChatCompletions } from '../openai-compatible/call-chat-completions.ts';
import { callEmbeddings, openAiMaxInputs } from '../openai-compatible/call-embeddings.ts';
import { callTranscriptions } from '../openai-compatible/call-transcriptions.ts';
import { listModels } from '../openai-compatible/list-models.ts';
import { createBatches } from './batches.ts';
import { fitChat } from './fit-chat.ts';
import { callResponses, usesResponses } from './responses/call-responses.ts';
import { fitTranscription } from './fit-transcription.ts';

/** OpenAI itself. @see https://platform.openai.com/docs/api-reference */
export function createOpenAiAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) => {
      const headers = headersOf(call.target);
      if (usesResponses(call.target)) {
        return await callResponses(http, call, { path: '/responses', headers });
      }
      return await callChatCompletions(
        http,
        { ...call, input: fitChat(call) },
        { path: '/chat/completions', headers },
      );
    },
    embed: async (call) =>
      await callEmbeddings(http, call, {
        path: '/embeddings',
        headers: headersOf(call.target),
        maxInputs: openAiMaxInputs,
        takesFormat: true,
      }),
    transcribe: async (call) =>
      await callTranscriptions(
        http,
        { ...call, input: fitTranscription(call) },
        { path: '/audio/transcriptions', headers: headersOf(call.target) },
      ),
    batches: createBatches(http, headersOf),
    listModels: async (call) =>
      await listModels(http, call, { path: '/models', headers: headersOf(accountTarget(call)) }),
  };
}

function headersOf(target: Target): Record<string, string> {
  const { organization, project } = target.provider.options;
  return {
    ...bearerHeader(target),
    ...(organization !== undefined && { 'openai-organization': organization }),
    ...(project !== undefined && { 'openai-project': project }),
  };
}
