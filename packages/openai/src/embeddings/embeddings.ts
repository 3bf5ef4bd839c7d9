import { z } from 'zod';

import type { Renamed } from '@sluice/config';
import { embeddingInput, name, type CompletedJob, type SubmitJob } from '@sluice/contracts';

import { fallbackFields, fallbackOf, renamedFallback } from '../fallbacks.ts';

/**
 * Body of `POST /v1/embeddings`.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export const embeddingsBody = z.strictObject({
  model: name,
  ...embeddingInput.shape,
  user: z.string().min(1).max(255).optional(),
  ...fallbackFields,
});
export type EmbeddingsBody = z.infer<typeof embeddingsBody>;

/** The job that it is. */
export function toEmbeddingJob(body: EmbeddingsBody): SubmitJob & { type: 'embedding' } {
  const { model, user, ...asked } = body;
  const { fallback: _fallback, fallbacks: _fallbacks, models: _models, ...input } = asked;
  const named = user !== undefined && { user };
  return { type: 'embedding', model, input, ...named, ...fallbackOf(body) };
}

/** Fields of such a job as the client has sent them. */
export function embeddingFields(body: EmbeddingsBody): Renamed {
  return [...renamedFallback(body), ['input.', '']];
}

/** Vectors as they were asked for: numbers, or base64, which is what OpenAI's clients ask for by themselves. */
export function embeddingsOf({ result, usage }: CompletedJob, model: string) {
  if (result.type !== 'embedding') throw new TypeError(`a ${result.type} is no embedding`);
  const { total_tokens: total = 0, input_tokens: input = total } = usage ?? {};
  return {
    object: 'list',
    data: result.data.map(({ index, embedding }) => ({ object: 'embedding', index, embedding })),
    model,
    usage: { prompt_tokens: input, total_tokens: total },
  };
}
