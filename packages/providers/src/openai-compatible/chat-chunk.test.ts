import fc from 'fast-check';
import { expect, test } from 'vitest';

import { chatChunk, isTextChunk } from './chat-chunk.ts';

/** As OpenAI sends it. */
const textChunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-5',
  service_tier: 'default',
  system_fingerprint: null,
  choices: [{ index: 0, delta: { content: 'Hi' }, logprobs: null, finish_reason: null }],
  usage: null,
  obfuscation: 'x',
};

test('a chunk of a stream that adds text is seen without the schema', () => {
  expect(isTextChunk(textChunk)).toBe(true);
});

test.each([
  ['no chunk', 'text'],
  ['a second answer', { choices: [...textChunk.choices, ...textChunk.choices] }],
  ['usage', { ...textChunk, usage: { total_tokens: 1 } }],
  ['an end', { choices: [{ index: 0, delta: { content: '' }, finish_reason: 'stop' }] }],
  ['a tool call', { choices: [{ index: 0, delta: { content: '', tool_calls: [{}] } }] }],
  ['another kind of text', { choices: [{ index: 0, delta: { content: [{ type: 'text' }] } }] }],
])('%s is for the schema', (_, value) => {
  expect(isTextChunk(value)).toBe(false);
});

test('the schema takes every such chunk, as it is', () => {
  const odd = () => fc.constantFrom(undefined, null, 0, 'x', [], {}, true);
  const mostly = <T>(usual: T) => fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, odd());
  const delta = fc.record({ content: mostly('Hi'), role: odd(), reasoning: mostly(null) });
  const answer = fc.record({
    index: mostly(0),
    delta: fc.oneof({ weight: 8, arbitrary: delta }, odd()),
    message: mostly(null),
    finish_reason: mostly(null),
    logprobs: mostly(undefined),
  });
  const chunk = fc.record({
    model: mostly('m'),
    service_tier: mostly(undefined),
    usage: mostly(null),
    choices: fc.oneof(
      { weight: 8, arbitrary: fc.array(answer, { minLength: 1, maxLength: 1 }) },
      odd(),
    ),
  });
  let seen = 0;
  fc.assert(
    fc.property(chunk, (value) => {
      if (!isTextChunk(value)) return;
      seen++;
      expect(value).toMatchObject(chatChunk.parse(value));
    }),
    { numRuns: 2_000 },
  );
  expect(seen).toBeGreaterThan(50);
});
