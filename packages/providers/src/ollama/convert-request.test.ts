import { SluiceError, type ChatInput } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertRequest } from './convert-request.ts';

const hello: ChatInput['messages'] = [{ role: 'user', content: 'Hello' }];

function bodyOf(input: Partial<ChatInput>, target: Parameters<typeof targetOf>[2] = {}) {
  return convertRequest({
    input: { messages: hello, ...input },
    target: targetOf('ollama', 'http://x', target),
    jobId: 'job_1',
    user: undefined,
    signal: new AbortController().signal,
  });
}

function refusalOf(input: Partial<ChatInput>, target?: Parameters<typeof targetOf>[2]) {
  try {
    bodyOf(input, target);
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('it was not refused');
}

const call = (id: string, name: string, args = '{}') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: args },
});
const image = (url: string, more = {}) => ({
  type: 'image_url' as const,
  image_url: { url, ...more },
});
const png = 'data:image/png;base64,aGk=';

describe('the messages of an Ollama request', () => {
  it('have one text each, and images beside it', () => {
    const messages: ChatInput['messages'] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      {
        role: 'user',
        content: [{ type: 'text', text: 'a' }, image(png), { type: 'text', text: 'b' }],
      },
      { role: 'assistant', content: 'Hi', refusal: 'No.' },
    ];
    expect(bodyOf({ messages })['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'a\nb', images: ['aGk='] },
      { role: 'assistant', content: 'HiNo.' },
    ]);
  });

  it('carry calls as objects and results under the name of the tool', () => {
    const messages: ChatInput['messages'] = [
      ...hello,
      {
        role: 'assistant',
        content: null,
        tool_calls: [call('a', 'look', '{"at":"é"}'), call('b', 'say', '')],
      },
      { role: 'tool', tool_call_id: 'b', content: '{"said":true}' },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    expect(bodyOf({ messages })['messages']).toEqual([
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { function: { name: 'look', arguments: { at: 'é' } } },
          { function: { name: 'say', arguments: {} } },
        ],
      },
      { role: 'tool', content: '{"said":true}', tool_name: 'say' },
      { role: 'tool', content: 'x', tool_name: 'look' },
    ]);
  });

  it.each<[ChatInput['messages'], string]>([
    [
      [{ role: 'user', content: [image('https://x.example/a.png')] }],
      'messages[0].content[0].image_url.url',
    ],
    [
      [
        {
          role: 'user',
          content: [{ type: 'input_audio', input_audio: { data: 'aGk=', format: 'wav' } }],
        },
      ],
      'messages[0].content[0]',
    ],
    [
      [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }],
      'messages[0].content[0]',
    ],
    [
      [{ role: 'assistant', tool_calls: [call('a', 'f', '"b"')] }],
      'messages[0].tool_calls[0].function.arguments',
    ],
    [[{ role: 'tool', tool_call_id: 'a', content: 'x' }], 'messages[0].tool_call_id'],
  ])('that cannot be said are refused even where parameters are dropped: %j', (messages, path) => {
    const refusal = refusalOf({ messages }, { dropParams: true });
    expect(refusal).toMatchObject({
      code: 'upstream_invalid_request',
      retryable: false,
      param: `input.${path}`,
    });
    expect(refusal.message).toContain(`acme (ollama) cannot take input.${path}: `);
  });
});

describe('the parameters of an Ollama request', () => {
  it.each([
    ['30m', '30m'],
    ['0', 0],
    ['-1', -1],
  ])('include the context and the keep-alive %s of the configuration', (keepAlive, sent) => {
    const plain = targetOf('ollama', 'http://x').provider;
    const provider = { ...plain, options: { numCtx: '8192', keepAlive } };
    const body = bodyOf({ seed: 7 }, { provider });
    expect(body).toMatchObject({ options: { num_ctx: 8192, seed: 7 }, keep_alive: sent });
    expect(bodyOf({})).not.toHaveProperty('keep_alive');
  });

  it('are options', () => {
    const body = bodyOf({
      temperature: 0,
      top_p: 0.9,
      max_completion_tokens: 9,
      stop: 'END',
      seed: 7,
      frequency_penalty: -1,
      presence_penalty: 1,
    });
    expect(body).toEqual({
      model: 'model-1',
      messages: [{ role: 'user', content: 'Hello' }],
      options: {
        temperature: 0,
        top_p: 0.9,
        num_predict: 9,
        stop: ['END'],
        seed: 7,
        frequency_penalty: -1,
        presence_penalty: 1,
      },
      stream: true,
    });
    expect(bodyOf({})).not.toHaveProperty('options');
  });

  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  it.each<[ChatInput['response_format'], unknown]>([
    [{ type: 'text' }, undefined],
    [{ type: 'json_object' }, 'json'],
    [{ type: 'json_schema', json_schema: { name: 'x', schema, strict: true } }, schema],
    [{ type: 'json_schema', json_schema: { name: 'x' } }, 'json'],
  ])('have the format %j as %j', (response_format, format) => {
    expect(bodyOf({ response_format })['format']).toEqual(format);
  });

  it.each([
    ['none', false],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    [undefined, undefined],
  ] as const)('have the effort %s as %s', (reasoning_effort, think) => {
    expect(bodyOf({ reasoning_effort })['think']).toBe(think);
  });

  it('have tools as they are; none may be called where the choice is none', () => {
    const definition = { name: 'f', description: 'd', parameters: { type: 'object' } };
    const tools: ChatInput['tools'] = [
      { type: 'function', function: { ...definition, strict: false } },
    ];
    expect(bodyOf({ tools, tool_choice: 'auto', parallel_tool_calls: true })['tools']).toEqual([
      { type: 'function', function: definition },
    ]);
    expect(bodyOf({ tools, tool_choice: 'none' })).not.toHaveProperty('tools');
  });

  const strictTool = { type: 'function' as const, function: { name: 'f', strict: true } };
  it.each<[Partial<ChatInput>, string]>([
    [{ logit_bias: { '50256': -100 } }, 'logit_bias'],
    [{ parallel_tool_calls: false }, 'parallel_tool_calls'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
    [{ reasoning_effort: 'minimal' }, 'reasoning_effort'],
    [{ reasoning_effort: 'xhigh' }, 'reasoning_effort'],
    [{ max_tokens: 5, max_completion_tokens: 6 }, 'max_tokens'],
    [{ tools: [strictTool] }, 'tools[0].function.strict'],
    [{ messages: [{ role: 'user', content: 'x', name: 'ada' }] }, 'messages[0].name'],
    [
      { messages: [{ role: 'user', content: [image(png, { detail: 'low' })] }] },
      'messages[0].content[0].image_url.detail',
    ],
  ])('that it does not have are refused, or dropped: %j', (input, path) => {
    const refusal = refusalOf(input);
    expect(refusal).toMatchObject({ code: 'upstream_invalid_request', param: `input.${path}` });
    expect(refusal.message).toContain('dropParams');
    const dropped = JSON.stringify(bodyOf(input, { dropParams: true }));
    expect(dropped).not.toMatch(/50256|xhigh|minimal|strict|ada|detail|parallel|choice|5,/);
  });
});
