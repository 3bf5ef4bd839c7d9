import { z } from 'zod';

import type { EmbeddingCall } from '../adapter.ts';
import type { EmbeddingReply } from '../replies.ts';
import { embeddingReply } from '../embedding/embedding-reply.ts';
import { textsOnly } from '../embedding/refuse-texts.ts';
import { isVector, type Vector } from '../embedding/vectors.ts';
import { bearerHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import { contextOf, keepAliveOf } from './configured-fields.ts';
import { judgeOllama } from './judge-ollama.ts';

/** Vectors come as numbers only, about 20 bytes each. */
const maxBytes = 64 * 1024 * 1024;

const embedResponse = z.object({
  embeddings: z.array(z.custom<Vector>(isVector)),
  model: z.string().nullish().catch(undefined),
  prompt_eval_count: z.number().nullish().catch(undefined),
});

/**
 * One call of Ollama's `/api/embed`. A text that is too long is an error: Ollama would cut it and say nothing.
 * @throws SluiceError `upstream_invalid_request` for tokens.
 * @see https://docs.ollama.com/api/embed
 */
export async function callEmbed(http: HttpClient, call: EmbeddingCall): Promise<EmbeddingReply> {
  const { target, signal, input, sendBy, onRaw } = call;
  const options = contextOf(target);
  const { value, headers } = await callDocument(
    { http, target, signal, judge: judgeOllama, onRaw },
    {
      method: 'POST',
      path: '/api/embed',
      headers: { accept: 'application/json', ...bearerHeader(target) },
      body: {
        model: target.model,
        input: textsOnly(target, input.input),
        truncate: false,
        ...(input.dimensions !== undefined && { dimensions: input.dimensions }),
        ...(Object.keys(options).length > 0 && { options }),
        ...keepAliveOf(target),
      },
      sendBy,
    },
    { schema: embedResponse, name: 'embeddings', maxBytes },
  );
  return embeddingReply(call, {
    vectors: value.embeddings,
    model: value.model,
    inputTokens: value.prompt_eval_count,
    upstreamRequestId: requestIdOf(headers),
  });
}
