import { expect, it } from 'vitest';

import { rerankInput, textOfDocument } from './rerank.ts';

it('the documents of a rerank job are texts, plain or in an object', () => {
  const input = { query: 'q', documents: ['one', { text: 'two' }] };
  expect(rerankInput.parse(input)).toEqual(input);
  expect(rerankInput.parse(input).documents.map(textOfDocument)).toEqual(['one', 'two']);
});
