import type { ChatCall, ProviderAdapter } from '../adapter.ts';
import type { ChatReply } from '../replies.ts';
import { keyHeader } from '../http/api-key.ts';
import { callUpstream } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { AnswerAssembly } from './answer-assembly.ts';
import { callEmbedContents } from './call-embed-contents.ts';
import { convertRequest } from './convert-request.ts';
import { judgeGemini } from './judge-gemini.ts';
import { listModels } from './list-models.ts';
import { modelPath } from './model-path.ts';

/**
 * Google's Gemini API, by its native form. Always streamed; a whole document, or the list of pieces that a proxy makes of
 * a stream, is understood too.
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export function createGeminiAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) => await streamGenerateContent(http, call),
    embed: async (call) => await callEmbedContents(http, call),
    listModels: async (call) => await listModels(http, call),
  };
}

async function streamGenerateContent(http: HttpClient, call: ChatCall): Promise<ChatReply> {
  const { target, signal, sendBy, onDelta, onRaw } = call;
  const context = { http, target, signal, judge: judgeGemini, onDelta, onRaw };
  const { value } = await callUpstream(
    context,
    {
      method: 'POST',
      path: modelPath(target, 'streamGenerateContent'),
      // Without it the stream is one long JSON list.
      query: { alt: 'sse' },
      // Not in the query: that would stand in logs.
      headers: keyHeader(target, 'x-goog-api-key'),
      body: convertRequest(call),
      sendBy,
    },
    {
      events: (head) => new AnswerAssembly(context, head, call.input.n),
      document: (document, head) => {
        const assembly = new AnswerAssembly(context, head, call.input.n);
        for (const piece of Array.isArray(document) ? document : [document]) assembly.add(piece);
        return assembly.finish();
      },
    },
  );
  return value;
}
