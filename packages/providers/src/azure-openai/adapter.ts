import type { Target } from '@sluice/config';

import type { ProviderAdapter } from '../adapter.ts';
import { accountTarget } from '../http/account.ts';
import { keyHeader } from '../http/api-key.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callChatCompletions } from '../openai-compatible/call-chat-completions.ts';
import { callEmbeddings, openAiMaxInputs } from '../openai-compatible/call-embeddings.ts';
import { callTranscriptions } from '../openai-compatible/call-transcriptions.ts';
import type { Dialect } from '../openai-compatible/dialect.ts';
import { listModels } from '../openai-compatible/list-models.ts';
import { fitChat } from '../openai/fit-chat.ts';
import { fitTranscription } from '../openai/fit-transcription.ts';
import { callResponses, usesResponses } from '../openai/responses/call-responses.ts';
import { locateDeployment, locateModels, locateResponses } from './locate-deployment.ts';

/**
 * OpenAI's models on Azure; the target's model is the deployment's name. A token limit is renamed as for OpenAI where that
 * name begins as a reasoning model's does.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export function createAzureOpenAiAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) => {
      const { target } = call;
      if (usesResponses(target)) {
        const headers = keyHeader(target, 'api-key');
        return await callResponses(http, call, { ...locateResponses(target), headers });
      }
      return await callChatCompletions(
        http,
        { ...call, input: fitChat(call) },
        dialectOf(target, '/chat/completions'),
      );
    },
    embed: async (call) =>
      await callEmbeddings(http, call, {
        ...dialectOf(call.target, '/embeddings'),
        maxInputs: openAiMaxInputs,
        takesFormat: true,
      }),
    transcribe: async (call) =>
      await callTranscriptions(
        http,
        { ...call, input: fitTranscription(call) },
        dialectOf(call.target, '/audio/transcriptions'),
      ),
    /** The models of the region: deployments have names of their own. */
    listModels: async (call) => {
      const target = accountTarget(call);
      const headers = keyHeader(target, 'api-key');
      return await listModels(http, call, { ...locateModels(target), headers });
    },
  };
}

function dialectOf(target: Target, route: string): Dialect {
  return { ...locateDeployment(target, route), headers: keyHeader(target, 'api-key') };
}
