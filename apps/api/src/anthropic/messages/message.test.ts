import type { ChatResult, CompletedJob, TextDelta, Usage } from '@sluice/contracts';
import { SluiceError } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';

import { readKeptThoughts } from './kept-thoughts.ts';
import { messageOf, messageUsage } from './message.ts';
import { MessageStream } from './message-stream.ts';

const asked = { jobId: 'job_1', model: 'm', stopSequences: [], showsThoughts: true };
const stop: ChatResult['finish_reason'] = { unified: 'stop', raw: 'stop' };

function jobOf(message: Partial<ChatResult['message']>, reason = stop, usage?: Usage) {
  const result: ChatResult = {
    type: 'chat',
    message: { role: 'assistant', content: null, ...message },
    finish_reason: reason,
  };
  // Only these fields are read.
  return { result, usage } as unknown as CompletedJob;
}

const wholeOf = (job: CompletedJob, more = {}) =>
  JSON.parse(messageOf(job, { ...asked, ...more })) as Record<string, unknown>;

const thinking = { type: 'thinking' as const, thinking: 't', signature: 's' };
const caller = { type: 'direct' };
const call = (id: string, text = '{"n":1}') => ({
  id,
  type: 'function' as const,
  function: { name: 'f', arguments: text },
});

describe('a whole message', () => {
  test('has its thoughts, its text and its calls in their order', () => {
    const later = { type: 'redacted_thinking' as const, data: 'd', before_tool_call: 1 };
    const job = jobOf({
      content: 'x',
      reasoning: 't',
      reasoning_parts: [thinking, later],
      tool_calls: [call('a'), call('b')],
    });
    const message = wholeOf(job);
    expect(message).toMatchObject({ id: 'msg_1', model: 'm', stop_reason: 'tool_use' });
    expect(message['content']).toEqual([
      thinking,
      { type: 'text', text: 'x', citations: null },
      { type: 'tool_use', id: 'a', name: 'f', input: { n: 1 }, caller },
      { type: 'redacted_thinking', data: 'd' },
      { type: 'tool_use', id: 'b', name: 'f', input: { n: 1 }, caller },
    ]);
  });

  test('shows what nobody has signed only to who asks for thoughts', () => {
    const job = jobOf({ content: 'x', reasoning: 'hm' });
    const text = { type: 'text', text: 'x', citations: null };
    const thought = { type: 'thinking', thinking: 'hm', signature: '' };
    expect(wholeOf(job)['content']).toEqual([thought, text]);
    expect(wholeOf(job, { showsThoughts: false })['content']).toEqual([text]);
  });

  test('shows arguments that are no JSON as they are', () => {
    const { content } = wholeOf(jobOf({ tool_calls: [call('a', '{"n":')] }));
    expect(content).toMatchObject([{ input: { invalid_json: '{"n":' } }]);
  });
});

test.each([
  [{ unified: 'stop', raw: 'stop' }, {}, 'end_turn'],
  [{ unified: 'length', raw: 'length' }, {}, 'max_tokens'],
  [{ unified: 'stop', raw: 'pause_turn' }, {}, 'pause_turn'],
  [{ unified: 'content_filter', raw: 'SAFETY' }, {}, 'refusal'],
  [{ unified: 'other', raw: 'odd' }, {}, 'end_turn'],
  [{ unified: 'stop', raw: 'STOP' }, { tool_calls: [call('a')] }, 'tool_use'],
  [{ unified: 'stop', raw: 'stop' }, { refusal: 'no' }, 'refusal'],
] as const)('%j of %j ends with %s', (reason, message, expected) => {
  const job = jobOf(
    { ...message, tool_calls: [...('tool_calls' in message ? message.tool_calls : [])] },
    reason,
  );
  expect(wholeOf(job)['stop_reason']).toBe(expected);
});

test('the only stop sequence is the one it was', () => {
  const job = jobOf({ content: 'x' }, { unified: 'stop', raw: 'stop_sequence' });
  expect(wholeOf(job, { stopSequences: ['a'] })['stop_sequence']).toBe('a');
  expect(wholeOf(job, { stopSequences: ['a', 'b'] })['stop_sequence']).toBe(null);
});

test('usage splits the input by what the cache gave and took', () => {
  expect(
    messageUsage({
      input_tokens: 100,
      cached_input_tokens: 30,
      cache_write_input_tokens: 20,
      cache_write_1h_input_tokens: 5,
      output_tokens: 7,
      reasoning_tokens: 3,
      total_tokens: 107,
      source: 'provider',
    }),
  ).toEqual({
    input_tokens: 50,
    cache_creation_input_tokens: 20,
    cache_read_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 15, ephemeral_1h_input_tokens: 5 },
    output_tokens: 7,
    output_tokens_details: { thinking_tokens: 3 },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: null,
  });
});

interface Frame {
  type: string;
  index?: number;
  delta?: object;
  content_block?: { type: string; data?: string };
}

function framesOf(text: string): Frame[] {
  return text
    .split('\n\n')
    .filter(Boolean)
    .map((frame) => {
      const [event = '', data = ''] = frame.split('\n');
      const value = JSON.parse(data.slice('data: '.length)) as Frame;
      expect(event).toBe(`event: ${value.type}`);
      return value;
    });
}

describe('a stream', () => {
  test('has one block after the other, and signatures behind them', () => {
    const stream = new MessageStream(asked);
    const deltas: TextDelta[] = [
      { reasoning: 't' },
      { content: 'x' },
      { content: 'y' },
      { tool_calls: [{ index: 0, id: 'a', function: { name: 'f' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    ];
    const job = jobOf({
      content: 'xy',
      reasoning_parts: [thinking],
      tool_calls: [call('a', '{}')],
    });
    const frames = framesOf(deltas.map((delta) => stream.delta(delta)).join('') + stream.end(job));
    expect(frames.map(({ type, index }) => [type, index].join(' ').trim())).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_delta 1',
      'content_block_stop 1',
      'content_block_start 2',
      'content_block_delta 2',
      'content_block_stop 2',
      'content_block_start 3',
      'content_block_stop 3',
      'message_delta',
      'message_stop',
    ]);
    const kept = frames.find(({ index }) => index === 3)?.content_block;
    expect(readKeptThoughts(kept?.data ?? '')).toEqual({ parts: [thinking] });
  });

  test('of an answer that says nothing begins and ends all the same', () => {
    const frames = framesOf(new MessageStream(asked).end(jobOf({ content: '' })));
    expect(frames.map(({ type }) => type)).toEqual([
      'message_start',
      'message_delta',
      'message_stop',
    ]);
  });

  test('ends with an error event', () => {
    const text = new MessageStream(asked).error(new SluiceError('rate_limited', 'no'), 'req_1');
    expect(framesOf(text)).toEqual([
      {
        type: 'error',
        error: {
          type: 'rate_limit_error',
          message: 'no',
          details: { error_code: 'rate_limited' },
        },
        request_id: 'req_1',
      },
    ]);
  });
});

test.each(['sluice.', 'sluice.!!', 'sluice.e30x', 'EmwKAhg'])(
  '%s keeps nothing of ours',
  (data) => {
    expect(readKeptThoughts(data)).toBe(undefined);
  },
);
