import type { ChatResult } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import type { Plan } from '../begin/plan-job.ts';
import { emptyReply } from './empty-reply.ts';

const plan = (input: object, facts = {}) =>
  // As much of a plan as is looked at.
  ({
    record: { input },
    target: { provider: { name: 'acme' }, model: 'm', facts },
  }) as unknown as Plan;

const cut = { unified: 'length', raw: 'length' } as const;
const answer = (
  message: Partial<ChatResult['message']> = {},
  reason = cut as ChatResult['finish_reason'],
): ChatResult => ({
  type: 'chat',
  message: { role: 'assistant', content: '', ...message },
  finish_reason: reason,
});
const usage = {
  input_tokens: 9,
  output_tokens: 5,
  reasoning_tokens: 5,
  total_tokens: 14,
  source: 'provider',
} as const;

describe('a reply that came to its limit of tokens', () => {
  it('before it said anything is an error that names the limit', () => {
    const error = emptyReply(plan({ max_completion_tokens: 5 }), { result: answer(), usage });
    expect(error).toMatchObject({
      code: 'empty_reply',
      retryable: false,
      param: 'input.max_completion_tokens',
      message: expect.stringContaining(
        'acme wrote nothing within the 5 tokens it was allowed: all 5',
      ),
    });
    const older = emptyReply(plan({ max_tokens: 5 }), { result: answer(), usage: undefined });
    expect(older).toMatchObject({ param: 'input.max_tokens' });
    const free = emptyReply(plan({}), { result: answer({ reasoning: 'hm' }), usage });
    expect(free?.message).toContain('within its limit of tokens');
    expect(free?.param).toBeUndefined();
  });

  it('because the prompt left no room may be answered by a model for long prompts', () => {
    const facts = { contextWindow: 9 };
    expect(emptyReply(plan({}, facts), { result: answer(), usage })).toMatchObject({
      code: 'context_length_exceeded',
      message: expect.stringMatching(/prompt of 9 tokens fills the context window of m \(9\)/),
    });
  });

  it.each<[string, ChatResult]>([
    ['that says something', answer({ content: 'a' })],
    [
      'that calls a tool',
      answer({
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{' } }],
      }),
    ],
    ['that stopped by itself', answer({}, { unified: 'stop', raw: 'stop' })],
    [
      'of which another answer says something',
      { ...answer(), alternatives: [answer({ content: 'b' })] },
    ],
  ])('is a result %s', (_what, result) => {
    expect(emptyReply(plan({ max_tokens: 5 }), { result, usage })).toBeUndefined();
  });
});
