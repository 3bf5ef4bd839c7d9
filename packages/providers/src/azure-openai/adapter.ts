import type { ProviderAdapter } from '../adapter.ts';
import { keyHeader } from '../http/api-key.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callChatCompletions } from '../openai-compatible/call-chat-completions.ts';
import { fitTokenLimit } from '../openai/fit-token-limit.ts';
import { locateDeployment } from './locate-deployment.ts';

/**
 * OpenAI's models on Azure; the target's model is the deployment's name. A token limit is renamed as for OpenAI where that
 * name begins as a reasoning model's does.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export function createAzureOpenAiAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) =>
      await callChatCompletions(
        http,
        { ...call, input: fitTokenLimit(call) },
        { ...locateDeployment(call.target), headers: keyHeader(call.target, 'api-key') },
      ),
  };
}
