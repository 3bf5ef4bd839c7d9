import { describe, expect, test } from 'vitest';

import { deltaOfResult, joinDeltas, type TextDelta } from './text-delta.ts';

describe('deltas joined', () => {
  test.each<[string, TextDelta, TextDelta, TextDelta]>([
    ['append texts', { content: 'a' }, { content: 'b' }, { content: 'ab' }],
    [
      'keep what only one has',
      { reasoning: 'r' },
      { content: 'c' },
      { reasoning: 'r', content: 'c' },
    ],
    ['keep empty texts', { content: '' }, {}, { content: '' }],
    ['keep refusals', { refusal: 'N' }, { refusal: 'o' }, { refusal: 'No' }],
    [
      'append arguments by index',
      {
        tool_calls: [
          { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } },
        ],
      },
      {
        tool_calls: [
          { index: 0, function: { arguments: ':1}' } },
          { index: 1, id: 'b', type: 'function', function: { name: 'g' } },
        ],
      },
      {
        tool_calls: [
          { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
          { index: 1, id: 'b', type: 'function', function: { name: 'g' } },
        ],
      },
    ],
  ])('%s', (_name, first, second, joined) => {
    expect(joinDeltas(first, second)).toEqual(joined);
  });
});

describe('the delta of a whole result', () => {
  test('has all that a chat says', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } } as const;
    const message = {
      role: 'assistant',
      content: null,
      reasoning: 'r',
      tool_calls: [call],
    } as const;
    const finish = { unified: 'tool_calls', raw: 'tool_calls' } as const;
    expect(
      deltaOfResult({
        type: 'chat',
        message: { ...message, tool_calls: [...message.tool_calls] },
        finish_reason: finish,
      }),
    ).toEqual({ reasoning: 'r', tool_calls: [{ index: 0, ...call }] });
  });

  test('is there for an app that answers, not for one that does not', () => {
    const run = { type: 'workflow', status: 'succeeded', outputs: {}, error: null } as const;
    expect(deltaOfResult({ ...run, answer: 'Hi' })).toEqual({ content: 'Hi' });
    expect(deltaOfResult(run)).toBeUndefined();
  });
});
