import { chatInput, SluiceError } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { keepThoughts } from './kept-thoughts.ts';
import { messageBody, tidyMessageBody } from './message-body.ts';
import { toMessageJob } from './to-message-job.ts';

const user = { role: 'user', content: 'hi' };
const mark = { type: 'ephemeral' };

const jobOf = (body: object) =>
  toMessageJob(
    messageBody.parse(tidyMessageBody({ model: 'm', max_tokens: 9, messages: [user], ...body })),
  );

/** The input of the job, which is one that Sluice takes. */
function inputOf(body: object) {
  const { submitted } = jobOf(body);
  if (submitted.type !== 'chat') throw new Error('no chat');
  return chatInput.parse(submitted.input);
}

const messagesOf = (messages: object[]) => inputOf({ messages }).messages;

test.each([
  [{ system: 'be brief' }, { messages: [{ role: 'system', content: 'be brief' }, user] }],
  [
    { system: [{ type: 'text', text: 'be brief', cache_control: mark, citations: null }] },
    undefined,
  ],
  [{ stop_sequences: ['a', 'b'] }, { stop: ['a', 'b'] }],
  [{ stop_sequences: [], tools: [] }, {}],
  [{ tool_choice: { type: 'any' } }, { tool_choice: 'required' }],
  [
    { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    { tool_choice: 'auto', parallel_tool_calls: false },
  ],
  [
    { tool_choice: { type: 'tool', name: 't' } },
    { tool_choice: { type: 'function', function: { name: 't' } } },
  ],
  [{ thinking: { type: 'disabled' } }, { reasoning_effort: 'none' }],
  [{ thinking: { type: 'adaptive' } }, { reasoning_effort: 'high' }],
  [{ thinking: { type: 'enabled', budget_tokens: 2_048 } }, { reasoning_effort: 'low' }],
  [{ thinking: { type: 'enabled', budget_tokens: 8_192 } }, { reasoning_effort: 'medium' }],
  [
    { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
    { reasoning_effort: 'max' },
  ],
  [{ cache_control: mark }, { cache_control: mark }],
  [
    { tools: [{ name: 't', description: 'd', input_schema: { a: 1 }, cache_control: mark }] },
    {
      tools: [
        {
          type: 'function',
          function: { name: 't', description: 'd', parameters: { a: 1 } },
          cache_control: mark,
        },
      ],
    },
  ],
])('%j is asked of the job', (body, expected) => {
  const marked = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'be brief', cache_control: mark }] },
      user,
    ],
  };
  expect(inputOf(body)).toEqual({
    messages: [user],
    max_completion_tokens: 9,
    ...(expected ?? marked),
  });
});

test('results of tools are messages of their own, and what stands behind them another one', () => {
  const text = { type: 'text', text: 'and now?' };
  const image = {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: 'QQ==' },
  };
  const shown = { type: 'image_url', image_url: { url: 'data:image/png;base64,QQ==' } };
  const content = [
    { type: 'tool_result', tool_use_id: 'a', content: 'sunny' },
    { type: 'tool_result', tool_use_id: 'b', content: 'no such city', is_error: true },
    { type: 'tool_result', tool_use_id: 'c', content: [image], cache_control: mark },
    { type: 'tool_result', tool_use_id: 'd' },
    image,
    text,
  ];
  expect(messagesOf([{ role: 'user', content }])).toEqual([
    { role: 'tool', tool_call_id: 'a', content: 'sunny' },
    { role: 'tool', tool_call_id: 'b', content: 'Error: no such city' },
    { role: 'tool', tool_call_id: 'c', content: [{ ...shown, cache_control: mark }] },
    { role: 'tool', tool_call_id: 'd', content: '' },
    { role: 'user', content: [shown, text] },
  ]);
});

test.each([
  [
    { type: 'base64', media_type: 'application/pdf', data: 'QQ==' },
    { file_data: 'data:application/pdf;base64,QQ==' },
  ],
  [
    { type: 'text', media_type: 'text/plain', data: 'A' },
    { file_data: 'data:text/plain;base64,QQ==' },
  ],
  [{ type: 'file', file_id: 'file_1' }, { file_id: 'file_1' }],
])('a document of %j is a file', (source, file) => {
  const content = [{ type: 'document', source, title: 'a.pdf' }];
  expect(messagesOf([{ role: 'user', content }])).toEqual([
    { role: 'user', content: [{ type: 'file', file: { ...file, filename: 'a.pdf' } }] },
  ]);
});

test('an answer goes back with its thoughts in their places', () => {
  const thinking = { type: 'thinking', thinking: 't', signature: 's' };
  const call = (id: string) => ({
    type: 'tool_use',
    id,
    name: 'f',
    input: { n: 1 },
    caller: { type: 'direct' },
  });
  const content = [
    thinking,
    { type: 'text', text: 'x', citations: null },
    call('a'),
    { type: 'redacted_thinking', data: 'secret' },
    call('b'),
  ];
  const called = (id: string) => ({
    id,
    type: 'function',
    function: { name: 'f', arguments: '{"n":1}' },
  });
  expect(messagesOf([user, { role: 'assistant', content }])[1]).toEqual({
    role: 'assistant',
    content: 'x',
    reasoning_parts: [thinking, { type: 'redacted_thinking', data: 'secret', before_tool_call: 1 }],
    tool_calls: [called('a'), called('b')],
  });
});

test('what was kept for a vendor comes back as it was; thoughts that nobody signed go to nobody', () => {
  const toolCall = {
    id: 'a',
    type: 'function' as const,
    function: { name: 'f', arguments: '{}' },
    extra_content: { google: { thought_signature: 'g' } },
  };
  const parts = [{ type: 'thought_signature' as const, signature: 'text' }];
  const kept = keepThoughts(
    { role: 'assistant', content: null, reasoning_parts: parts, tool_calls: [toolCall] },
    [],
  );
  const content = [
    { type: 'thinking', thinking: 'hm', signature: '' },
    { type: 'tool_use', id: 'a', name: 'f', input: {} },
    kept,
  ];
  expect(messagesOf([user, { role: 'assistant', content }])[1]).toEqual({
    role: 'assistant',
    content: null,
    reasoning: 'hm',
    reasoning_parts: parts,
    tool_calls: [toolCall],
  });
});

test('an id of a call that every object has the name of is nothing but an id', () => {
  const content = [{ type: 'tool_use', id: 'constructor', name: 'f', input: {} }];
  expect(messagesOf([user, { role: 'assistant', content }])[1]).toEqual({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'constructor', type: 'function', function: { name: 'f', arguments: '{}' } }],
  });
});

test('an error names the field that the client has sent', () => {
  const content = [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }];
  const { refusal } = jobOf({ system: 'x', messages: [user, { role: 'user', content }] });
  const named = (param: string) =>
    refusal(new SluiceError('invalid_request', `${param}: no`, { param })).message;
  expect(named('input.messages[2].content')).toBe('messages[1].content[0].content: no');
  expect(named('input.messages[0].content')).toBe('system.content: no');
  expect(named('input.max_completion_tokens')).toBe('max_tokens: no');
});

test.each([
  ['max_tokens', { max_tokens: undefined }],
  ['stop_sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }],
  ['container', { container: 'c' }],
  ['tools', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['document', { messages: [{ role: 'user', content: [{ type: 'search_result' }] }] }],
])('a body with a wrong %s is refused', (_name, body) => {
  const whole = { model: 'm', max_tokens: 9, messages: [user], ...body };
  expect(messageBody.safeParse(tidyMessageBody(whole)).success).toBe(false);
});
