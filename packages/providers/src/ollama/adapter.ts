import type { ChatCall, ProviderAdapter } from '../adapter.ts';
import type { ChatReply } from '../replies.ts';
import { bearerHeader } from '../http/api-key.ts';
import { callUpstream } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { callEmbed } from './call-embed.ts';
import { ChatAssembly } from './chat-assembly.ts';
import { convertRequest } from './convert-request.ts';
import { judgeOllama } from './judge-ollama.ts';
import { listModels } from './list-models.ts';

/**
 * Ollama by its native API, which streams newline-delimited JSON; a whole document is understood too.
 * @see https://docs.ollama.com/api/chat
 */
export function createOllamaAdapter(http: HttpClient): ProviderAdapter {
  return {
    chat: async (call) => await chat(http, call),
    embed: async (call) => await callEmbed(http, call),
    listModels: async (call) => await listModels(http, call),
  };
}

async function chat(http: HttpClient, call: ChatCall): Promise<ChatReply> {
  const { target, signal, sendBy, onDelta, onRaw } = call;
  const context = { http, target, signal, judge: judgeOllama, onDelta, onRaw };
  const { value } = await callUpstream(
    context,
    {
      method: 'POST',
      path: '/api/chat',
      // Only Ollama's cloud asks for a key.
      headers: { accept: 'application/x-ndjson, application/json', ...bearerHeader(target) },
      body: convertRequest(call),
      sendBy,
    },
    {
      lines: (head) => new ChatAssembly(context, head),
      document: (document, head) => {
        const assembly = new ChatAssembly(context, head);
        assembly.add(document);
        return assembly.end();
      },
    },
  );
  return value;
}
