import type { EmbeddingInput } from '@sluice/contracts';

import type { SubjectCall } from './subject.ts';

/** What every adapter that embeds is asked for, as numbers and in base64. */
export const embeddingInput: EmbeddingInput = { input: ['grüß dich 👋', 'queues'], dimensions: 2 };
export const base64Input: EmbeddingInput = { ...embeddingInput, encoding_format: 'base64' };

/** What the vectors are, in both forms. */
export const vectors = [
  [0.5, -1],
  [0.25, 2],
];
export const base64Vectors = ['AAAAPwAAgL8=', 'AACAPgAAAEA='];

export function embed(given: EmbeddingInput): SubjectCall {
  return async (adapter, call) =>
    await adapter.embed?.({ ...call, jobId: 'job_1', user: 'ada', input: given });
}

/** The reply that has these vectors, of a prompt of 7 tokens. */
export function embeddingReplyOf(data: (number[] | string)[]): unknown {
  return {
    result: {
      type: 'embedding',
      model: 'model-1',
      data: data.map((embedding, index) => ({ index, embedding })),
    },
    usage: { input_tokens: 7, output_tokens: 0, total_tokens: 7, source: 'provider' },
  };
}
