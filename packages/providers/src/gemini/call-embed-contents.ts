import { z } from 'zod';

import type { EmbeddingCall } from '../adapter.ts';
import type { EmbeddingReply } from '../replies.ts';
import { embeddingReply } from '../embedding/embedding-reply.ts';
import { refuseTooMany, textsOnly } from '../embedding/refuse-texts.ts';
import { isVector, type Vector } from '../embedding/vectors.ts';
import { keyHeader } from '../http/api-key.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import { judgeGemini } from './judge-gemini.ts';
import { modelName, modelPath } from './model-path.ts';

/** Requests of one `batchEmbedContents`. */
const maxInputs = 100;

const batchEmbedResponse = z.object({
  embeddings: z.array(z.object({ values: z.custom<Vector>(isVector) })),
  usageMetadata: z.object({ promptTokenCount: z.number().nullish() }).nullish().catch(undefined),
});

/**
 * One call of `batchEmbedContents`, also for one text.
 * @throws SluiceError `upstream_invalid_request` for tokens and for more than 100 inputs.
 * @see https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
 */
export async function callEmbedContents(
  http: HttpClient,
  call: EmbeddingCall,
): Promise<EmbeddingReply> {
  const { target, signal, input, sendBy, onRaw } = call;
  refuseTooMany(target, input.input, maxInputs);
  const requests = textsOnly(target, input.input).map((text) => ({
    model: modelName(target),
    content: { parts: [{ text }] },
    ...(input.dimensions !== undefined && { outputDimensionality: input.dimensions }),
  }));
  const { value, headers } = await callDocument(
    { http, target, signal, judge: judgeGemini, onRaw },
    {
      method: 'POST',
      path: modelPath(target, 'batchEmbedContents'),
      headers: keyHeader(target, 'x-goog-api-key'),
      body: { requests },
      sendBy,
    },
    { schema: batchEmbedResponse, name: 'embeddings' },
  );
  return embeddingReply(call, {
    vectors: value.embeddings.map(({ values }) => values),
    model: target.model,
    inputTokens: value.usageMetadata?.promptTokenCount,
    upstreamRequestId: requestIdOf(headers),
  });
}
