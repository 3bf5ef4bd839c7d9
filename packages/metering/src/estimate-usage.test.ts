import { encodeChat } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';

import type { ChatInput, ChatResult } from '@sluice/contracts';

import {
  estimateEmbeddingUsage,
  estimateInputTokens,
  estimateRerankUsage,
  estimateTokensFromBytes,
  estimateUsage,
} from './estimate-usage.ts';

function reply(message: Partial<ChatResult['message']>): ChatResult {
  return {
    type: 'chat',
    message: { role: 'assistant', content: null, ...message },
    finish_reason: { unified: 'stop', raw: 'stop' },
  };
}

const hello: ChatInput = { messages: [{ role: 'user', content: 'Hello' }] };

describe('estimateUsage', () => {
  it('counts messages as OpenAI frames them', async () => {
    const messages: ChatInput['messages'] = [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'Name three rivers of Europe, please.' },
    ];
    const framed = messages.map(({ role, content }) => ({ role, content: content as string }));
    const exact = encodeChat(framed, 'gpt-4o').length;
    expect(await estimateInputTokens({ messages })).toBe(exact);
  });

  it('counts everything that came back, reasoning included', async () => {
    const usage = await estimateUsage(hello, reply({ content: 'Hello', reasoning: 'Hello' }));
    expect(usage).toEqual({
      input_tokens: 8,
      output_tokens: 2,
      total_tokens: 10,
      source: 'estimate',
    });
  });

  it('counts tools, tool calls, names and the schema of the reply', async () => {
    const base = await estimateInputTokens(hello);
    const call = {
      id: 'c1',
      type: 'function' as const,
      function: { name: 'now', arguments: '{}' },
    };
    const more: Partial<ChatInput>[] = [
      { tools: [{ type: 'function', function: { name: 'now' } }] },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'object' } },
        },
      },
      { messages: [{ role: 'user', content: 'Hello', name: 'ada' }] },
      { messages: [...hello.messages, { role: 'assistant', tool_calls: [call] }] },
    ];
    for (const part of more) {
      expect(await estimateInputTokens({ ...hello, ...part })).toBeGreaterThan(base);
    }
    const called = await estimateUsage(hello, reply({ tool_calls: [call] }));
    expect(called.output_tokens).toBeGreaterThan(3);
  });

  it('takes an image that cannot be read as 1,000 tokens, however long its data are', async () => {
    const url = `data:image/png;base64,${'A'.repeat(100_000)}`;
    const content = [
      { type: 'text' as const, text: 'Hello' },
      { type: 'image_url' as const, image_url: { url } },
    ];
    expect(await estimateInputTokens({ messages: [{ role: 'user', content }] })).toBe(1_008);
  });
});

it('estimateTokensFromBytes takes four bytes for a token and rounds up', () => {
  expect([0, 1, 4, 5].map(estimateTokensFromBytes)).toEqual([0, 1, 1, 2]);
});

it('estimateEmbeddingUsage counts texts, and tokens as they are', async () => {
  const usage = (tokens: number) => {
    return { input_tokens: tokens, output_tokens: 0, total_tokens: tokens, source: 'estimate' };
  };
  expect(await estimateEmbeddingUsage({ input: 'Hello' })).toEqual(usage(1));
  expect(await estimateEmbeddingUsage({ input: ['Hello', 'Hello'] })).toEqual(usage(2));
  expect(await estimateEmbeddingUsage({ input: [[7, 8], [9]] })).toEqual(usage(3));
});

it('estimateRerankUsage counts the query once for each document', async () => {
  const documents = ['Hello', { text: 'Hello' }];
  const usage = await estimateRerankUsage({ query: 'Hello', documents });
  expect(usage).toEqual({ input_tokens: 4, output_tokens: 0, total_tokens: 4, source: 'estimate' });
});

it('every answer of several is output', async () => {
  const one = reply({ content: 'Rhine, Danube, Elbe' });
  const { output_tokens: alone = 0 } = await estimateUsage(hello, one);
  const { output_tokens: three } = await estimateUsage(hello, { ...one, alternatives: [one, one] });
  expect(three).toBe(alone * 3);
});
