import { z } from 'zod';

import type { Renamed } from '@sluice/config';
import { embeddingInput, name, type CompletedJob, type SubmitJob } from '@sluice/contracts';

/**
 * Body of `POST /v1/embeddings`.
 * @see https://platform.openai.com/docs/api-reference/embeddings/create
 */
export const embeddingsBody = z.strictObject({
  model: name,
  ...embeddingInput.shape,
  user: z.string().min(1).max(255).optional(),
});

/** The job that it is. */
export function toEmbeddingJob({
  model,
  user,
  ...input
}: z.infer<typeof embeddingsBody>): SubmitJob & { type: 'embedding' } {
  return { type: 'embedding', model, input, ...(user !== undefined && { user }) };
}

/** Fields of such a job as the client has sent them. */
export const embeddingFields: Renamed = [['input.', '']];

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
