import type { ProviderAdapter } from '../adapter.ts';
import { bearerHeader } from '../http/api-key.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callChatCompletions } from './call-chat-completions.ts';
import { callEmbeddings } from './call-embeddings.ts';
import { judgeDashScope } from './judge-dashscope.ts';

/** Any server with OpenAI's chat completions: vLLM, SGLang, llama.cpp, DeepSeek, Groq, DashScope, OpenRouter, … */
export function createOpenAiCompatibleAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) =>
      await callChatCompletions(http, call, {
        path: '/chat/completions',
        headers: bearerHeader(call.target),
        judge: judgeDashScope,
      }),
    embed: async (call) =>
      await callEmbeddings(http, call, {
        path: '/embeddings',
        headers: bearerHeader(call.target),
        judge: judgeDashScope,
        takesFormat: false,
      }),
  };
}
