import type { ChatInput } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertRequest } from './convert-request.ts';
import { fitCompatible } from './fit-compatible.ts';

const call = { id: 'a', type: 'function' as const, function: { name: 'look', arguments: '{}' } };
const extra_content = { google: { thought_signature: 'S=' } };
const input: ChatInput = {
  messages: [
    { role: 'user', content: 'hi' },
    {
      role: 'assistant',
      content: null,
      reasoning: 'hm',
      reasoning_parts: [{ type: 'thinking', thinking: 'hm', signature: 'S' }],
      tool_calls: [{ ...call, extra_content }],
    },
    { role: 'system', content: 'late' },
  ],
  prompt_cache_key: 'k',
};

it.each([
  ['openai', 'https://api.openai.com', 'gpt-5', false],
  ['azure-openai', 'https://x.openai.azure.com', 'gemini-like', false],
  ['openai-compatible', 'https://api.groq.com', 'llama', false],
  ['openai-compatible', 'https://notgoogleapis.com', 'gpt-5', false],
  ['openai-compatible', 'https://generativelanguage.googleapis.com/v1beta/openai', 'any', true],
  ['openai-compatible', 'https://proxy.example', 'google/gemini-3-pro', true],
])('%s at %s with %s: signatures of tool calls are sent: %s', (kind, url, model, isSigned) => {
  const body = convertRequest({
    input,
    target: targetOf(kind, url, { model }),
    user: undefined,
  });
  expect(body).toMatchObject({ prompt_cache_key: 'k' });
  expect(body['messages']).toEqual([
    { role: 'user', content: 'hi' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [isSigned ? { ...call, extra_content } : call],
    },
    { role: 'system', content: 'late' },
  ]);
});

const sentBy = (given: ChatInput, url: string, more: Parameters<typeof targetOf>[2] = {}) => {
  const target = targetOf('openai-compatible', url, more);
  const fitted = fitCompatible({ input: given, target });
  return convertRequest({ input: fitted, target, user: undefined });
};
const messages: ChatInput['messages'] = [{ role: 'user', content: 'hi' }];

it.each<[string, ChatInput['max_tokens'], ChatInput['max_tokens'], object]>([
  ['deepseek-chat', undefined, 5, { max_tokens: 5 }],
  ['gpt-oss-120b', undefined, 5, { max_tokens: 5 }],
  ['my-model', 5, undefined, { max_tokens: 5 }],
  ['my-model', 5, 5, { max_tokens: 5 }],
  ['openai/gpt-5.4', 5, undefined, { max_completion_tokens: 5 }],
  ['o3', 5, undefined, { max_completion_tokens: 5 }],
])('%s is told a limit of %s or %s by the name that it knows', (model, old, limit, told) => {
  const given: ChatInput = {
    messages,
    ...(old !== undefined && { max_tokens: old }),
    ...(limit !== undefined && { max_completion_tokens: limit }),
  };
  const { max_tokens, max_completion_tokens } = sentBy(given, 'http://h', { model });
  expect({ max_tokens, max_completion_tokens }).toEqual({
    max_tokens: undefined,
    max_completion_tokens: undefined,
    ...told,
  });
});

it('the name of the limit may be configured', () => {
  const { provider } = targetOf('openai-compatible', 'http://h');
  const options = { tokenLimit: 'max_completion_tokens' };
  const sent = sentBy({ messages, max_tokens: 5 }, 'http://h', {
    provider: { ...provider, options },
  });
  expect(sent).toMatchObject({ max_completion_tokens: 5 });
  expect(sent).not.toHaveProperty('max_tokens');
});

it('a developer message is a system message, which every server knows', () => {
  const developer = { role: 'developer' as const, content: 'be brief' };
  const { messages: sent } = sentBy({ messages: [developer, ...messages] }, 'http://h');
  expect(sent).toEqual([{ role: 'system', content: 'be brief' }, ...messages]);
});

it.each([
  ['https://api.deepseek.com', 'any', true],
  ['https://proxy.example', 'deepseek/deepseek-v4-pro', true],
  ['https://notdeepseek.com', 'qwen3', false],
])('%s with %s gets its thoughts back: %s', (url, model, isTold) => {
  const [, assistant] = sentBy(input, url, { model })['messages'] as object[];
  if (isTold) expect(assistant).toMatchObject({ reasoning_content: 'hm' });
  else expect(assistant).not.toHaveProperty('reasoning_content');
});

it('a part of a prompt in Gemini’s cache is named to Google only', () => {
  const cached: ChatInput = { messages, cached_content: 'cachedContents/7' };
  expect(sentBy(cached, 'https://generativelanguage.googleapis.com/v1beta/openai')).toMatchObject({
    extra_body: { google: { cached_content: 'cachedContents/7' } },
  });
  expect(() => sentBy(cached, 'http://h')).toThrow('cannot take input.cached_content');
});
