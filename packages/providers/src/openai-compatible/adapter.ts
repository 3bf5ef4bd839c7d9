import type { ProviderAdapter } from '../adapter.ts';
import { accountTarget } from '../http/account.ts';
import { bearerHeader } from '../http/api-key.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callChatCompletions } from './call-chat-completions.ts';
import { callEmbeddings } from './call-embeddings.ts';
import { callRerank } from './call-rerank.ts';
import { callTranscriptions } from './call-transcriptions.ts';
import { fitCompatible } from './fit-compatible.ts';
import { judgeDashScope } from './judge-dashscope.ts';
import { listModels } from './list-models.ts';

/** Any server with OpenAI's chat completions, embeddings or transcriptions, or with rerank: vLLM, SGLang, llama.cpp, DeepSeek, Groq, DashScope, OpenRouter, … */
export function createOpenAiCompatibleAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: (call) =>
      callChatCompletions(
        http,
        { ...call, input: fitCompatible(call) },
        {
          path: '/chat/completions',
          headers: bearerHeader(call.target),
          judge: judgeDashScope,
        },
      ),
    embed: async (call) =>
      await callEmbeddings(http, call, {
        path: '/embeddings',
        headers: bearerHeader(call.target),
        judge: judgeDashScope,
        takesFormat: false,
      }),
    transcribe: async (call) =>
      await callTranscriptions(http, call, {
        path: '/audio/transcriptions',
        headers: bearerHeader(call.target),
        judge: judgeDashScope,
      }),
    rerank: async (call) =>
      await callRerank(http, call, {
        path: call.target.provider.options['rerankPath'] ?? '/rerank',
        headers: bearerHeader(call.target),
        judge: judgeDashScope,
      }),
    listModels: async (call) =>
      await listModels(http, call, {
        path: '/models',
        headers: bearerHeader(accountTarget(call)),
        judge: judgeDashScope,
      }),
  };
}
