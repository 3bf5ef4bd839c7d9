import fc from 'fast-check';
import { expect, test } from 'vitest';

import { chatChunk, isPlainChunk } from './chat-chunk.ts';

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

test.each([
  ['text', textChunk],
  ['an end', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
  [
    'usage',
    {
      choices: [],
      usage: { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 0, audio_tokens: null } },
    },
  ],
])('a chunk of a stream that adds %s is seen without the schema', (_, value) => {
  expect(isPlainChunk(value)).toBe(true);
});

test.each([
  ['no chunk', 'text'],
  ['a second answer', { choices: [...textChunk.choices, ...textChunk.choices] }],
  ['usage that is no count', { ...textChunk, usage: { total_tokens: '1' } }],
  ['one count for details', { ...textChunk, usage: { prompt_tokens_details: 1 } }],
  ['a whole answer', { choices: [{ index: 0, message: { content: '' }, finish_reason: 'stop' }] }],
  ['a tool call', { choices: [{ index: 0, delta: { content: '', tool_calls: [{}] } }] }],
  ['another kind of text', { choices: [{ index: 0, delta: { content: [{ type: 'text' }] } }] }],
])('%s is for the schema', (_, value) => {
  expect(isPlainChunk(value)).toBe(false);
});

test('the schema takes every such chunk, as it is', () => {
  const counts = ['prompt_tokens', 'completion_tokens', 'prompt_tokens_details', 'other'];
  const odd = () => fc.constantFrom(undefined, null, 0, 'x', [], {}, true);
  const mostly = <T>(usual: T) => fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, odd());
  const delta = fc.record({ content: mostly('Hi'), role: odd(), reasoning: mostly(null) });
  const answer = fc.record({
    index: mostly(0),
    delta: fc.oneof({ weight: 8, arbitrary: delta }, odd()),
    message: mostly(null),
    finish_reason: mostly('stop'),
    logprobs: mostly(undefined),
  });
  const chunk = fc.record({
    model: mostly('m'),
    service_tier: mostly(undefined),
    usage: fc.oneof(
      { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...counts), mostly(3)) },
      odd(),
    ),
    choices: fc.oneof({ weight: 8, arbitrary: fc.array(answer, { maxLength: 1 }) }, odd()),
  });
  let seen = 0;
  fc.assert(
    fc.property(chunk, (value) => {
      if (!isPlainChunk(value)) return;
      seen++;
      expect(value).toMatchObject(chatChunk.parse(value));
    }),
    { numRuns: 2_000 },
  );
  expect(seen).toBeGreaterThan(50);
});
