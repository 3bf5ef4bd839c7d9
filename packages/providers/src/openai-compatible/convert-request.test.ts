import type { ChatInput } from '@sluice/contracts';
import { expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertRequest } from './convert-request.ts';

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
  ['openai-compatible', 'https://api.deepseek.com', 'deepseek-chat', false],
  ['openai-compatible', 'https://notgoogleapis.com', 'gpt-5', false],
  ['openai-compatible', 'https://generativelanguage.googleapis.com/v1beta/openai', 'any', true],
  ['openai-compatible', 'https://proxy.example', 'google/gemini-3-pro', true],
])('%s at %s with %s: signatures of tool calls are sent: %s', (kind, url, model, isSigned) => {
  const body = convertRequest({
    input,
    target: targetOf(kind, url, { model }),
    jobId: 'job_1',
    user: undefined,
    signal: new AbortController().signal,
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
