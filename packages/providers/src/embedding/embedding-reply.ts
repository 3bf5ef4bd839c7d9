import { listEmbeddingTexts, SluiceError, type Usage } from '@sluice/contracts';

import type { EmbeddingCall } from '../adapter.ts';
import type { EmbeddingReply } from '../replies.ts';
import { formatVector, type Vector } from './vectors.ts';

/** What an upstream's reply says, in input order. */
export interface GivenEmbeddings {
  vectors: readonly Vector[];
  /** Its name of the model; where it gives none, the target's. */
  model: string | null | undefined;
  /** Where it counted. */
  inputTokens: number | null | undefined;
  upstreamRequestId: string | undefined;
}

/**
 * The reply to an embedding call, in the form that the client asked for.
 * @throws SluiceError `bad_upstream` where there are more or fewer vectors than inputs.
 */
export function embeddingReply(
  call: Pick<EmbeddingCall, 'input' | 'target'>,
  given: GivenEmbeddings,
): EmbeddingReply {
  const { input, target } = call;
  const asked = listEmbeddingTexts(input.input).length;
  if (given.vectors.length !== asked) {
    const message = `${target.provider.name} sent ${given.vectors.length} embeddings for ${asked} inputs`;
    throw new SluiceError('bad_upstream', message);
  }
  const data = given.vectors.map((vector, index) => {
    return { index, embedding: formatVector(vector, input.encoding_format) };
  });
  return {
    result: { type: 'embedding', model: given.model ?? target.model, data },
    usage: usageOf(given.inputTokens),
    upstreamRequestId: given.upstreamRequestId,
  };
}

/** Embeddings have no output: its zero is known, not guessed. */
function usageOf(inputTokens: number | null | undefined): Usage | undefined {
  if (typeof inputTokens !== 'number') return undefined;
  const counts = { input_tokens: inputTokens, output_tokens: 0, total_tokens: inputTokens };
  return { ...counts, source: 'provider' };
}
