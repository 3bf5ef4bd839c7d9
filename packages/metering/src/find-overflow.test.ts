import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ChatInput } from '@sluice/contracts';

import { countTokens } from './count-tokens.ts';
import { certainOverflow, findOverflow } from './find-overflow.ts';

const say = (content: ChatInput['messages'][number]['content']): ChatInput => ({
  // The roles differ in what content they take; a user takes any but null.
  messages: [{ role: 'user', content: content ?? '' }],
});
const words = 'one two '.repeat(500);

test.each([
  ['gpt-4o', 900, true],
  ['gpt-4o', 1_000, false],
  ['claude-opus-5', 1_000, true],
  ['claude-opus-5', 1_010, false],
  ['llama-4', 690, true],
  ['llama-4', 710, false],
  ['gpt-4o', undefined, false],
])('1,000 words and %s with a window of %s: too long is %s', async (model, contextWindow, is) => {
  const facts = contextWindow === undefined ? {} : { contextWindow };
  const found = await findOverflow(say(words), { model, facts });
  expect(found !== undefined).toBe(is);
  if (found) expect(found.atLeast).toBeGreaterThan(found.contextWindow);
});

test('tools and calls of tools are part of the prompt, images are not', async () => {
  const facts = { contextWindow: 500 };
  const target = { model: 'gpt-4o', facts };
  const tool = { type: 'function', function: { name: 'f', description: words } } as const;
  expect(await findOverflow({ ...say('hi'), tools: [tool] }, target)).toBeDefined();
  const call = { id: '1', type: 'function', function: { name: 'f', arguments: words } } as const;
  const called: ChatInput = { messages: [{ role: 'assistant', tool_calls: [call] }] };
  expect(await findOverflow(called, target)).toBeDefined();
  const url = `data:image/png;base64,${'A'.repeat(10_000)}`;
  const image = say([{ type: 'image_url', image_url: { url } }]);
  expect(await findOverflow(image, target)).toBeUndefined();
  expect(certainOverflow(image, 1)).toBeUndefined();
});

test('size alone refuses no text that could fit', async () => {
  const piece = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.constant(' '.repeat(999)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const text = pieces.join('');
      const tokens = await countTokens(text);
      expect(certainOverflow(say(text), tokens)).toBeUndefined();
    }),
  );
  expect(certainOverflow(say('a'.repeat(1_281)), 10)).toEqual({ atLeast: 11, contextWindow: 10 });
});
