import { SluiceError, type ChatInput } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertRequest } from './convert-request.ts';

const hello: ChatInput['messages'] = [{ role: 'user', content: 'Hello' }];

function bodyOf(input: Partial<ChatInput>, target: Parameters<typeof targetOf>[2] = {}) {
  return convertRequest({
    input: { messages: hello, ...input },
    target: targetOf('gemini', 'http://x', target),
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

describe('the messages of a Gemini request', () => {
  it('keep the system apart and the turns in order', () => {
    const messages: ChatInput['messages'] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ];
    expect(bodyOf({ messages })).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        { role: 'model', parts: [{ text: 'Hi' }] },
        { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] },
      ],
    });
  });

  it('carry calls as objects, with their signature, and the results of one turn together', () => {
    const signed = {
      ...call('a', 'look', '{"at":"é"}'),
      extra_content: { google: { thought_signature: 'S=' } },
    };
    const messages: ChatInput['messages'] = [
      ...hello,
      { role: 'assistant', content: null, tool_calls: [signed, call('b', 'say', '')] },
      { role: 'tool', tool_call_id: 'b', content: '{"said":true}' },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: '[1]' }] },
      { role: 'user', content: 'And?' },
    ];
    expect(bodyOf({ messages })).toMatchObject({
      contents: [
        { role: 'user' },
        {
          role: 'model',
          parts: [
            { functionCall: { id: 'a', name: 'look', args: { at: 'é' } }, thoughtSignature: 'S=' },
            { functionCall: { id: 'b', name: 'say', args: {} } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'b', name: 'say', response: { said: true } } },
            { functionResponse: { id: 'a', name: 'look', response: { output: '[1]' } } },
          ],
        },
        { role: 'user', parts: [{ text: 'And?' }] },
      ],
    });
  });

  it('carry the signature of what was said with the end of it', () => {
    const reasoning_parts = [{ type: 'thought_signature' as const, signature: 'S=' }];
    const said = (content: string | null): ChatInput['messages'][number] => ({
      role: 'assistant',
      content,
      reasoning: 'hm',
      reasoning_parts,
    });
    expect(bodyOf({ messages: [...hello, said('Hi'), said(null)] })).toMatchObject({
      contents: [
        {},
        { parts: [{ text: 'Hi', thoughtSignature: 'S=' }] },
        { parts: [{ text: '', thoughtSignature: 'S=' }] },
      ],
    });
  });

  it('name a result after the last call with its id', () => {
    const messages: ChatInput['messages'] = [
      { role: 'assistant', tool_calls: [call('call_0', 'old')] },
      { role: 'tool', tool_call_id: 'call_0', content: 'x' },
      { role: 'assistant', tool_calls: [call('call_0', 'new')] },
      { role: 'tool', tool_call_id: 'call_0', content: 'y' },
    ];
    const { contents } = bodyOf({ messages }) as { contents: { parts: object[] }[] };
    expect(contents.map(({ parts }) => parts[0])).toMatchObject([
      { functionCall: { name: 'old' } },
      { functionResponse: { name: 'old', response: { output: 'x' } } },
      { functionCall: { name: 'new' } },
      { functionResponse: { name: 'new', response: { output: 'y' } } },
    ]);
  });

  it('say a refusal of the assistant, and keep a turn of nothing', () => {
    const messages: ChatInput['messages'] = [
      ...hello,
      { role: 'assistant', content: null, refusal: 'No.' },
      { role: 'user', content: '' },
    ];
    expect(bodyOf({ messages })).toMatchObject({
      contents: [{}, { parts: [{ text: 'No.' }] }, { role: 'user', parts: [{ text: '' }] }],
    });
  });

  it.each([
    [
      { type: 'image_url', image_url: { url: 'data:image/PNG;base64,aGk=' } },
      { inlineData: { mimeType: 'image/png', data: 'aGk=' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'data:image/svg+xml,%3Csvg/%3E', detail: 'auto' } },
      { inlineData: { mimeType: 'image/svg+xml', data: 'PHN2Zy8+' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.example/a/b.JPG?c=d.png' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://x.example/a/b.JPG?c=d.png' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'gs://bucket/picture' } },
      { fileData: { fileUri: 'gs://bucket/picture' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'aGk=', format: 'wav' } },
      { inlineData: { mimeType: 'audio/wav', data: 'aGk=' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'aGk=', format: 'opus' } },
      { inlineData: { mimeType: 'audio/opus', data: 'aGk=' } },
    ],
    [
      { type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=', filename: 'x.txt' } },
      { inlineData: { mimeType: 'application/pdf', data: 'aGk=' } },
    ],
    [
      { type: 'file', file: { file_data: 'aGk=', filename: 'x.pdf' } },
      { inlineData: { mimeType: 'application/pdf', data: 'aGk=' } },
    ],
    [
      {
        type: 'file',
        file: { file_id: 'https://generativelanguage.googleapis.com/v1beta/files/1' },
      },
      { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/1' } },
    ],
  ] as const)('have %j as %j', (part, converted) => {
    const body = bodyOf({ messages: [{ role: 'user', content: [part] }] });
    expect(body['contents']).toEqual([{ role: 'user', parts: [converted] }]);
  });

  it.each<[ChatInput['messages'], string]>([
    [[...hello, { role: 'system', content: 'late' }], 'messages[1].role'],
    [
      [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }],
      'messages[0].content[0].file.file_id',
    ],
    [
      [{ role: 'user', content: [{ type: 'file', file: {} }] }],
      'messages[0].content[0].file.file_id',
    ],
    [
      [{ role: 'user', content: [{ type: 'file', file: { file_data: 'aGk=' } }] }],
      'messages[0].content[0].file.file_data',
    ],
    [
      [{ role: 'assistant', tool_calls: [call('a', 'f', '[1]')] }],
      'messages[0].tool_calls[0].function.arguments',
    ],
    [
      [{ role: 'assistant', tool_calls: [call('a', 'f', '{"b')] }],
      'messages[0].tool_calls[0].function.arguments',
    ],
    [[{ role: 'tool', tool_call_id: 'a', content: 'x' }], 'messages[0].tool_call_id'],
    [
      [
        { role: 'assistant', tool_calls: [call('a', 'f')] },
        {
          role: 'tool',
          tool_call_id: 'a',
          content: [{ type: 'image_url', image_url: { url: 'x' } }],
        },
      ],
      'messages[1].content[0]',
    ],
  ])('that cannot be said are refused even where parameters are dropped: %j', (messages, path) => {
    const refusal = refusalOf({ messages }, { dropParams: true });
    expect(refusal).toMatchObject({
      code: 'upstream_invalid_request',
      retryable: false,
      param: `input.${path}`,
    });
    expect(refusal.message).toContain(`acme (gemini) cannot take input.${path}: `);
  });
});

describe('the parameters of a Gemini request', () => {
  it('have names of their own', () => {
    const body = bodyOf({
      temperature: 0,
      top_p: 0.9,
      max_tokens: 9,
      stop: 'END',
      seed: 7,
      frequency_penalty: -1,
      presence_penalty: 1,
    });
    expect(body['generationConfig']).toEqual({
      temperature: 0,
      topP: 0.9,
      maxOutputTokens: 9,
      stopSequences: ['END'],
      seed: 7,
      frequencyPenalty: -1,
      presencePenalty: 1,
    });
    expect(bodyOf({ max_completion_tokens: 8, max_tokens: 8, stop: ['a', 'b'] })).toMatchObject({
      generationConfig: { maxOutputTokens: 8, stopSequences: ['a', 'b'] },
    });
  });

  it.each<[ChatInput['response_format'], object | undefined]>([
    [{ type: 'text' }, undefined],
    [{ type: 'json_object' }, { responseMimeType: 'application/json' }],
    [
      { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' }, strict: true } },
      { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
    ],
    [{ type: 'json_schema', json_schema: { name: 'x' } }, { responseMimeType: 'application/json' }],
  ])('have the format %j as %j', (response_format, config) => {
    expect(bodyOf({ response_format })['generationConfig']).toEqual(config);
  });

  it.each<[ChatInput['tool_choice'], object]>([
    ['none', { mode: 'NONE' }],
    ['auto', { mode: 'AUTO' }],
    ['required', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'f' } },
      { mode: 'ANY', allowedFunctionNames: ['f'] },
    ],
  ])('have the tool choice %j as %j', (tool_choice, functionCallingConfig) => {
    const tools: ChatInput['tools'] = [{ type: 'function', function: { name: 'f' } }];
    expect(bodyOf({ tools, tool_choice })['toolConfig']).toEqual({ functionCallingConfig });
  });

  it('leave out what changes nothing', () => {
    expect(bodyOf({ tool_choice: 'none', logit_bias: {} })).toEqual(bodyOf({}));
    expect(bodyOf({ tool_choice: 'auto' })).toEqual(bodyOf({}));
    expect(bodyOf({ tool_choice: 'required' })).toHaveProperty('toolConfig');
  });

  it('have tools as declarations with JSON Schema', () => {
    const parameters = { type: 'object', additionalProperties: false };
    const tools: ChatInput['tools'] = [
      { type: 'function', function: { name: 'f', description: 'd', parameters, strict: false } },
      { type: 'function', function: { name: 'g' } },
    ];
    expect(bodyOf({ tools, parallel_tool_calls: true })['tools']).toEqual([
      {
        functionDeclarations: [
          { name: 'f', description: 'd', parametersJsonSchema: parameters },
          { name: 'g' },
        ],
      },
    ]);
  });

  it.each<[string, ChatInput['reasoning_effort'], object]>([
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-flash', 'low', { includeThoughts: true, thinkingBudget: 1_024 }],
    ['models/gemini-2.5-pro', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
    ['gemini-3-flash-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'MINIMAL' }],
    ['gemini-3.1-pro-preview', 'medium', { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
  ])('have for %s the effort "%s" as %j', (model, reasoning_effort, thinkingConfig) => {
    expect(bodyOf({ reasoning_effort }, { model })['generationConfig']).toEqual({ thinkingConfig });
  });

  const strictTool = { type: 'function' as const, function: { name: 'f', strict: true } };
  it.each<[Partial<ChatInput>, string]>([
    [{ logit_bias: { '50256': -100 } }, 'logit_bias'],
    [{ parallel_tool_calls: false }, 'parallel_tool_calls'],
    [{ reasoning_effort: 'xhigh' }, 'reasoning_effort'],
    [{ max_tokens: 5, max_completion_tokens: 6 }, 'max_tokens'],
    [{ tools: [strictTool] }, 'tools[0].function.strict'],
    [{ messages: [{ role: 'user', content: 'x', name: 'ada' }] }, 'messages[0].name'],
    [
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'image_url',
                image_url: { url: 'data:image/png;base64,aGk=', detail: 'high' },
              },
            ],
          },
        ],
      },
      'messages[0].content[0].image_url.detail',
    ],
  ])('that it does not have are refused, or dropped: %j', (input, path) => {
    const refusal = refusalOf(input);
    expect(refusal).toMatchObject({ code: 'upstream_invalid_request', param: `input.${path}` });
    expect(refusal.message).toContain('dropParams');
    const dropped = JSON.stringify(bodyOf(input, { dropParams: true }));
    expect(dropped).not.toMatch(/50256|xhigh|strict|ada|detail|parallel|5,/);
  });
});
