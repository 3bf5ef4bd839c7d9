import { z } from 'zod';

import type { EmbeddingCall } from '../adapter.ts';
import type { EmbeddingReply } from '../replies.ts';
import { embeddingReply } from '../embedding/embedding-reply.ts';
import { refuseTooMany } from '../embedding/refuse-texts.ts';
import { isVector, type Vector } from '../embedding/vectors.ts';
import { callDocument } from '../http/call-document.ts';
import type { HttpClient } from '../http/http-client.ts';
import { requestIdOf } from '../http/upstream-error.ts';
import type { Dialect } from './dialect.ts';

/** How a server takes embeddings. */
export interface EmbeddingDialect extends Dialect {
  /** Inputs of one call; without it, as many as the server says. */
  maxInputs?: number;
  /** Whether the server knows base64; where it may not, numbers are asked for and made into base64 here. */
  takesFormat: boolean;
}

/** OpenAI's own limit for one call. @see https://platform.openai.com/docs/api-reference/embeddings/create */
export const openAiMaxInputs = 2_048;

/** 2,048 vectors of 3,072 numbers are 34 MB in base64. */
const maxBytes = 64 * 1024 * 1024;

const count = z.number().nullish().catch(undefined);

/** What a reply is: only what is used, and lenient. Vectors are not looked at by zod, number by number: there may be millions. */
export const embeddings = z.object({
  data: z.array(z.object({ index: count, embedding: z.custom<Vector>(isVector) })),
  model: z.string().nullish().catch(undefined),
  usage: z.object({ prompt_tokens: count, total_tokens: count }).nullish().catch(undefined),
});

/**
 * One embeddings call.
 * @throws SluiceError `upstream_invalid_request` for more inputs than the server takes.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export async function callEmbeddings(
  http: HttpClient,
  call: EmbeddingCall,
  dialect: EmbeddingDialect,
): Promise<EmbeddingReply> {
  const { target, signal, input, jobId, onRaw } = call;
  if (dialect.maxInputs !== undefined) refuseTooMany(target, input.input, dialect.maxInputs);
  const { value, headers } = await callDocument(
    { http, target, signal, judge: dialect.judge, onRaw },
    {
      method: 'POST',
      path: dialect.path,
      ...(dialect.query && { query: dialect.query }),
      headers: { ...dialect.headers, 'x-client-request-id': jobId },
      body: embeddingsBody(call, dialect),
      sendBy: call.sendBy,
    },
    { schema: embeddings, name: 'embeddings', maxBytes },
  );
  return readEmbeddings(call, value, requestIdOf(headers));
}

/** The reply that a document of {@link embeddings} is. */
export function readEmbeddings(
  call: Pick<EmbeddingCall, 'input' | 'target'>,
  { data, model, usage }: z.infer<typeof embeddings>,
  upstreamRequestId: string | undefined,
): EmbeddingReply {
  const inOrder = data.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
  return embeddingReply(call, {
    vectors: inOrder.map(({ embedding }) => embedding),
    model,
    inputTokens: usage?.prompt_tokens ?? usage?.total_tokens,
    upstreamRequestId,
  });
}

/** The body of an embeddings call. */
export function embeddingsBody(
  { input, target, user }: Pick<EmbeddingCall, 'input' | 'target' | 'user'>,
  { takesFormat }: Pick<EmbeddingDialect, 'takesFormat'>,
): Record<string, unknown> {
  const { encoding_format: format, ...rest } = input;
  return {
    ...rest,
    ...(takesFormat && format !== undefined && { encoding_format: format }),
    model: target.model,
    ...(user !== undefined && { user }),
  };
}
