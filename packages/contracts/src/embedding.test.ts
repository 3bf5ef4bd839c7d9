import { describe, expect, it } from 'vitest';

import { embeddingInput, listEmbeddingTexts } from './embedding.ts';

describe('the input of an embedding job', () => {
  it.each([
    ['a text', 'hello', ['hello']],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['tokens', [1, 2, 0], [[1, 2, 0]]],
    ['texts as tokens', [[1], [2, 3]], [[1], [2, 3]]],
  ])('may be %s', (_what, input, listed) => {
    const parsed = embeddingInput.parse({ input });
    expect(parsed).toEqual({ input });
    expect(listEmbeddingTexts(parsed.input)).toEqual(listed);
  });

  it('is refused with one issue, however many entries are wrong', () => {
    const input = Array.from({ length: 100_000 }, () => -1);
    expect(embeddingInput.safeParse({ input }).error?.issues).toHaveLength(1);
  });
});
