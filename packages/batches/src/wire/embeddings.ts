import { embeddingInput, name } from '@sluice/contracts';
import { z } from 'zod';

import { check, dropNulls, ignored } from './check.ts';
import type { LineFormat } from './formats.ts';

const embeddingBody = z.strictObject({ model: name, ...embeddingInput.shape, ...ignored });

/** @see https://platform.openai.com/docs/api-reference/embeddings/create */
export const embeddingFormat: LineFormat = {
  toRequest(body) {
    const parsed = check(dropNulls(body), embeddingBody);
    const { model, input, dimensions, encoding_format: encoding } = parsed;
    return {
      type: 'embedding',
      model,
      input: {
        input,
        ...(dimensions !== undefined && { dimensions }),
        ...(encoding && { encoding_format: encoding }),
      },
    };
  },
  toReply({ model, result, usage }) {
    if (result?.type !== 'embedding') throw new TypeError(`a ${result?.type} is no embedding`);
    const tokens = usage?.input_tokens ?? usage?.total_tokens ?? 0;
    return {
      object: 'list',
      data: result.data.map((entry) => ({ object: 'embedding', ...entry })),
      model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
};
