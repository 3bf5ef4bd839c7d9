import { SluiceError, type ChatInput } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';
import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';

import { locateResponses } from '../../azure-openai/locate-deployment.ts';
import { targetOf } from '../../conformance/subject.ts';
import { encodeLine, openResult } from '../batch-lines.ts';
import { convertRequest } from './convert-request.ts';
import { ResponseAssembly } from './response-assembly.ts';

const messages: ChatInput['messages'] = [{ role: 'user', content: 'hi' }];

function send(more: Partial<ChatInput>, { model = 'gpt-4.1', dropParams = false } = {}) {
  const target = targetOf('openai', 'http://h', { model, dropParams });
  return convertRequest({ target, user: undefined, input: { messages, ...more } });
}

it('of a batch is a line for the same API, whose result is read as its', () => {
  const target = targetOf('openai', 'http://h', { model: 'gpt-5.4-pro' });
  target.provider.options = { api: 'responses' };
  const request = { target, customId: 'a', type: 'chat' as const, input: { messages } };
  expect(JSON.parse(encodeLine(request))).toMatchObject({
    url: '/v1/responses',
    body: { model: 'gpt-5.4-pro', input: [{ role: 'user', content: 'hi' }] },
  });
  const content = [{ type: 'output_text', text: 'yes' }];
  const body = { status: 'completed', output: [{ type: 'message', content }] };
  const line = { custom_id: 'a', response: { status_code: 200, body } };
  const context = {
    http: { dispatcher: new MockAgent(), clock: systemClock },
    target,
    signal: new AbortController().signal,
  };
  const { result } = openResult(context, JSON.stringify(line)).reply(request);
  expect(result).toMatchObject({ message: { content: 'yes' } });
});

describe('the request of a response', () => {
  it('has every parameter that the API knows, in its words', () => {
    const input: Partial<ChatInput> = {
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      parallel_tool_calls: false,
      reasoning_effort: 'low',
      verbosity: 'high',
      service_tier: 'flex',
      metadata: { a: 'b' },
      store: true,
      prompt_cache_key: 'k',
      logprobs: true,
      top_logprobs: 2,
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'F', strict: true, parameters: { type: 'object' } },
        },
        { type: 'function', function: { name: 'g' } },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 's', schema: { type: 'object' } },
      },
    };
    expect(send(input)).toEqual({
      model: 'gpt-4.1',
      input: [{ role: 'user', content: 'hi' }],
      max_output_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      parallel_tool_calls: false,
      reasoning: { effort: 'low' },
      text: {
        verbosity: 'high',
        format: { type: 'json_schema', name: 's', schema: { type: 'object' } },
      },
      service_tier: 'flex',
      metadata: { a: 'b' },
      store: true,
      prompt_cache_key: 'k',
      top_logprobs: 2,
      include: ['message.output_text.logprobs'],
      tools: [
        {
          type: 'function',
          name: 'f',
          description: 'F',
          strict: true,
          parameters: { type: 'object' },
        },
        // The API would hold the model to the schema by itself.
        {
          type: 'function',
          name: 'g',
          strict: false,
          parameters: { type: 'object', properties: {} },
        },
      ],
      tool_choice: { type: 'function', name: 'f' },
      stream: true,
    });
  });

  it.each<[string, Partial<ChatInput>]>([
    ['n', { n: 2 }],
    ['stop', { stop: ['x'] }],
    ['seed', { seed: 1 }],
    ['logit_bias', { logit_bias: { '1': 1 } }],
    ['frequency_penalty', { frequency_penalty: 1 }],
    ['presence_penalty', { presence_penalty: 1 }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['audio', { audio: { voice: 'sage', format: 'pcm16' } }],
    ['prediction', { prediction: { type: 'content', content: 'x' } }],
    ['web_search_options', { web_search_options: {} }],
    ['top_k', { top_k: 1 }],
  ])('has no %s: it is refused, or dropped', (name, input) => {
    expect(() => send(input)).toThrow(`input.${name}`);
    expect(send(input, { dropParams: true })).toEqual(send({}));
  });

  it('asks for the thoughts of models that reason', () => {
    expect(send({}, { model: 'gpt-5.4-pro' })).toMatchObject({
      include: ['reasoning.encrypted_content'],
    });
    expect(send({}, { model: 'gpt-5-chat-latest' })).not.toHaveProperty('include');
  });

  it('has what was said as items, thoughts and calls in their order', () => {
    const call = (id: string) => ({
      id,
      type: 'function' as const,
      function: { name: 'f', arguments: '{}' },
    });
    const thought = (id: string, more: object = {}) => ({
      type: 'encrypted_reasoning' as const,
      id,
      encrypted_content: 'x',
      ...more,
    });
    const { input } = send({
      messages: [
        { role: 'developer', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'https://a.example/i.png' } },
            { type: 'file', file: { file_id: 'file-1' } },
          ],
        },
        {
          role: 'assistant',
          content: 'ok',
          reasoning: 'for people',
          reasoning_parts: [
            thought('rs_1', { summary: ['hm'] }),
            thought('rs_2', { before_tool_call: 1 }),
            { type: 'thinking', thinking: 'of another vendor', signature: 's' },
          ],
          tool_calls: [call('a'), call('b')],
        },
        { role: 'tool', tool_call_id: 'a', content: '1' },
        { role: 'assistant', content: null, refusal: 'no' },
      ],
    });
    expect(input).toEqual([
      { role: 'developer', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'look' },
          { type: 'input_image', image_url: 'https://a.example/i.png', detail: 'auto' },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'hm' }],
        encrypted_content: 'x',
      },
      { role: 'assistant', content: [{ type: 'output_text', text: 'ok', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'x' },
      { type: 'function_call', call_id: 'b', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: '1' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    ]);
  });

  it('has no sound', () => {
    const part = { type: 'input_audio' as const, input_audio: { data: 'AA==', format: 'wav' } };
    expect(() => send({ messages: [{ role: 'user', content: [part] }] })).toThrow(
      'input.messages[0].content[0]',
    );
  });

  it.each([
    ['https://r.openai.azure.com', '/openai/responses', { 'api-version': '2024-10-21' }],
    ['https://r.openai.azure.com/openai/v1', '/responses', {}],
  ])('goes on Azure at %s to %s', (baseUrl, path, query) => {
    const { provider } = targetOf('azure-openai', 'http://h');
    const target = targetOf('azure-openai', 'http://h', { provider: { ...provider, baseUrl } });
    expect(locateResponses(target)).toEqual({ path, query });
  });
});

function assembly(): ResponseAssembly {
  return new ResponseAssembly(
    {
      http: { dispatcher: new MockAgent(), clock: systemClock },
      target: targetOf('openai', 'http://h'),
      signal: new AbortController().signal,
    },
    { status: 200, headers: {} },
  );
}

const whole = (fields: object) =>
  assembly().whole({ object: 'response', status: 'completed', output: [], ...fields });
const said = (...content: object[]) => ({ output: [{ type: 'message', id: 'm', content }] });

function failureOf(act: () => unknown): SluiceError {
  try {
    act();
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('it did not fail with a SluiceError');
}

describe('a response', () => {
  it.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content_filter'],
    ['steered', 'other'],
  ])('that is incomplete for %s ends with %s', (reason, unified) => {
    const { result } = whole({
      status: 'incomplete',
      incomplete_details: { reason },
      ...said({ type: 'output_text', text: 'a' }),
    });
    expect(result.finish_reason).toEqual({ unified, raw: reason });
  });

  it.each([
    [{ code: 'rate_limit_exceeded', message: 'slow down' }, 'rate_limited'],
    [{ code: 'server_error', message: 'oops' }, 'upstream_error'],
    [{ code: 'invalid_prompt', message: 'bad' }, 'upstream_error'],
    [null, 'upstream_error'],
  ])('that failed with %j is %s by the common table', (error, code) => {
    expect(failureOf(() => whole({ status: 'failed', error }))).toMatchObject({ code });
  });

  it('that is not over is none', () => {
    expect(failureOf(() => whole({ status: 'queued' }))).toMatchObject({ code: 'bad_upstream' });
  });

  it('may refuse', () => {
    const { result } = whole(said({ type: 'refusal', refusal: 'I will not' }));
    expect(result.message).toEqual({ role: 'assistant', content: null, refusal: 'I will not' });
  });

  it('says where its texts come from and how likely they were', () => {
    const token = { token: 'b', logprob: -1, bytes: [98], top_logprobs: [] };
    const source = {
      type: 'url_citation',
      url: 'https://a.example',
      title: 'A',
      start_index: 0,
      end_index: 1,
    };
    const { result } = whole(
      said(
        {
          type: 'output_text',
          text: 'aa',
          annotations: [{ type: 'file_citation', filename: 'f.pdf', index: 0 }],
        },
        { type: 'output_text', text: 'b', annotations: [source], logprobs: [token] },
      ),
    );
    expect(result.message).toMatchObject({
      content: 'aab',
      annotations: [
        { type: 'document_citation', document_citation: { document_title: 'f.pdf' } },
        {
          type: 'url_citation',
          url_citation: { url: 'https://a.example', title: 'A', start_index: 2, end_index: 3 },
        },
      ],
    });
    expect(result.logprobs).toEqual({ content: [token] });
  });

  it('has the thoughts between calls in their places', () => {
    const thought = (id: string) => ({
      type: 'reasoning',
      id,
      summary: [],
      encrypted_content: 'x',
    });
    const call = (id: string) => ({
      type: 'function_call',
      call_id: id,
      name: 'f',
      arguments: '{}',
    });
    const { result } = whole({
      output: [thought('1'), call('a'), thought('2'), call('b'), thought('3')],
    });
    expect(result.message.reasoning_parts).toEqual([
      { type: 'encrypted_reasoning', id: '1', encrypted_content: 'x' },
      { type: 'encrypted_reasoning', id: '2', encrypted_content: 'x', before_tool_call: 1 },
      { type: 'encrypted_reasoning', id: '3', encrypted_content: 'x' },
    ]);
  });

  it('that breaks off with an error says it', () => {
    const data = JSON.stringify({
      type: 'error',
      code: 'rate_limit_exceeded',
      message: 'no',
      param: null,
    });
    expect(failureOf(() => assembly().onEvent({ event: 'error', data }))).toMatchObject({
      code: 'rate_limited',
    });
  });
});
