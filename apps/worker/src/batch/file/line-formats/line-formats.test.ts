import { parseLine } from '@sluice/batches';
import type { Config } from '@sluice/config';
import { SluiceError, type BatchEndpoint, type JobRecord } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { lineFormats } from './line-formats.ts';

const app = (kind: string) => ({ targets: [{ app: { kind } }] });
/** All that is read of a configuration: `flow` and `helper` are apps of Dify, any other name is a model's. */
const config = {
  routes: { chat: {}, workflow: { flow: app('workflow'), helper: app('chat') } },
} as unknown as Pick<Config, 'routes'>;
const formats = lineFormats(config);

function read(url: BatchEndpoint, body: object) {
  const bytes = Buffer.from(JSON.stringify({ custom_id: 'a', method: 'POST', url, body }));
  return parseLine(
    { bytes, isTooLong: false },
    { endpoint: '/v1/chat/completions', formats, maxLineBytes: 10_000 },
  );
}

function refusal(url: BatchEndpoint, body: object): string | undefined {
  try {
    read(url, body);
  } catch (error) {
    if (error instanceof SluiceError) return error.param;
    throw error;
  }
  throw new Error('the line is right');
}

const chats = '/v1/chat/completions';
const responses = '/v1/responses';
const messages = [{ role: 'user', content: 'Hi' }];
/** What OpenAI's clients and files have that says nothing here. */
const idle = { user: 'u', metadata: { a: 'b' }, store: true, service_tier: 'flex', stream: false };

describe('requests of lines', () => {
  it('are chats, embeddings and runs of apps', () => {
    expect(read(chats, { model: 'm', messages, seed: null, ...idle }).request).toEqual({
      type: 'chat',
      model: 'm',
      input: { messages },
    });
    expect(read(chats, { model: 'flow', messages }).request).toEqual({
      type: 'workflow',
      app: 'flow',
      input: { inputs: { query: 'Hi' } },
    });
    expect(read(responses, { model: 'helper', input: 'Hi' }).request).toEqual({
      type: 'workflow',
      app: 'helper',
      input: { inputs: {}, query: 'Hi' },
    });
    expect(
      read('/v1/embeddings', { model: 'm', input: ['x'], dimensions: 3, ...idle }).request,
    ).toEqual({ type: 'embedding', model: 'm', input: { input: ['x'], dimensions: 3 } });
    const run = { app: 'flow', inputs: { a: 1 }, user: 'u', fallback: ['helper'] };
    expect(read('/v1/workflows/run', run).request).toEqual({
      type: 'workflow',
      app: 'flow',
      input: { inputs: { a: 1 }, user: 'u' },
      fallback: ['helper'],
    });
  });

  it.each([
    [{ fallback: ['x', 'p/y'] }, ['x', 'p/y']],
    [{ fallback: false }, false],
    [{ fallbacks: ['x'] }, ['x']],
    [{ models: ['m', 'x'] }, ['x']],
    [{ models: ['x', 'y'] }, ['x', 'y']],
    [{ models: ['m'] }, false],
  ])('with %j fall back on %j', (said, fallback) => {
    const asked = { model: 'm', ...said };
    expect(read(chats, { ...asked, messages }).request).toEqual({
      type: 'chat',
      model: 'm',
      input: { messages },
      fallback,
    });
    expect(read(responses, { ...asked, input: 'Hi' }).request.fallback).toEqual(fallback);
    expect(read('/v1/embeddings', { ...asked, input: 'x' }).request).toEqual({
      type: 'embedding',
      model: 'm',
      input: { input: 'x' },
      fallback,
    });
  });

  it('take what an answer has that is sent back', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    const said = {
      role: 'assistant',
      content: null,
      annotations: [],
      refusal: null,
      tool_calls: [{ index: 0, ...call }],
    };
    const result = { role: 'tool', tool_call_id: 'c', name: 'f', content: '1' };
    expect(
      read(chats, { model: 'm', messages: [...messages, said, result] }).request.input,
    ).toEqual({
      messages: [
        ...messages,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: '1' },
      ],
    });
  });

  it('are responses with all that a chat can be asked', () => {
    const { request, response } = read(responses, {
      model: 'm',
      instructions: 'Be short.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: '1' },
      ],
      max_output_tokens: 9,
      text: { format: { type: 'json_schema', name: 's', schema: {}, strict: true } },
      tools: [{ type: 'function', name: 'f', parameters: {}, strict: null }],
      tool_choice: { type: 'function', name: 'f' },
      background: true,
      truncation: 'auto',
      ...idle,
    });
    expect(response).toEqual({ isInstructed: true });
    expect(request).toEqual({
      type: 'chat',
      model: 'm',
      input: {
        messages: [
          { role: 'developer', content: 'Be short.' },
          { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
          {
            role: 'assistant',
            content: null,
            reasoning: 'Hm.',
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c', content: '1' },
        ],
        max_completion_tokens: 9,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 's', schema: {}, strict: true },
        },
        tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
        tool_choice: { type: 'function', function: { name: 'f' } },
      },
    });
  });

  it.each<[BatchEndpoint, object, string]>([
    [chats, { model: 'm' }, 'messages'],
    [chats, { model: 'm', messages, n: 0 }, 'n'],
    [chats, { model: 'm', messages, stream: true }, 'stream'],
    [chats, { model: 'm', messages, colour: 1 }, 'colour'],
    [chats, { model: 'm', messages: [{ role: 'owner', content: '' }] }, 'messages[0].role'],
    [chats, { model: 'flow', messages: [{ role: 'system', content: 'x' }] }, 'messages'],
    [
      chats,
      { model: 'flow', messages, response_format: { type: 'json_object' } },
      'response_format',
    ],
    ['/v1/embeddings', { model: 'm' }, 'input'],
    [chats, { model: 'm', messages, fallback: [], models: ['x'] }, 'fallback'],
    [chats, { model: 'm', messages, fallback: ['x'], models: ['x'] }, 'models'],
    [responses, { model: 'm', input: 'x', fallbacks: [{ x: 1 }] }, 'fallbacks[0]'],
    [responses, { model: 'm', input: 'x', stream: true }, 'stream'],
    [responses, { model: 'm', input: 'x', previous_response_id: 'resp_1' }, 'previous_response_id'],
    [responses, { model: 'm', input: 'x', conversation: 'conv_1' }, 'conversation'],
    [responses, { model: 'm', input: [{ role: 'user', content: 7 }] }, 'input[0].content'],
    ['/v1/workflows/run', { inputs: {} }, 'app'],
  ])('of %s with %j are refused for %s', (url, body, param) => {
    expect(refusal(url, body)).toBe(`body.${param}`);
  });
});

describe('replies of lines', () => {
  const job = (more: object) =>
    ({
      jobId: 'batch_01k_4',
      type: 'chat',
      model: 'm',
      input: { messages: [{ role: 'developer', content: 'Be short.' }, ...messages] },
      createdAtMs: 1_000,
      endedAtMs: 3_000,
      state: 'completed',
      result: {
        type: 'chat',
        message: { role: 'assistant', content: 'Ho', reasoning: 'Hm.' },
        finish_reason: { unified: 'length', raw: 'length' },
      },
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
      ...more,
    }) as unknown as JobRecord;

  it('are chat completions', () => {
    expect(formats[chats].toReply(job({}))).toMatchObject({
      id: 'chatcmpl-01k_4',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        { index: 0, message: { content: 'Ho', reasoning_content: 'Hm.' }, finish_reason: 'length' },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
  });

  it('are responses', () => {
    const reply = formats[responses].toReply(job({ response: { isInstructed: true } }));
    expect(reply).toMatchObject({
      id: 'resp_01k_4',
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      instructions: 'Be short.',
      output: [
        { type: 'reasoning', id: 'rs_01k_4' },
        { type: 'message', id: 'msg_01k_4', content: [{ type: 'output_text', text: 'Ho' }] },
      ],
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    });
  });

  it('are lists of embeddings', () => {
    const result = { type: 'embedding', data: [{ index: 0, embedding: [1, 2] }] };
    expect(formats['/v1/embeddings'].toReply(job({ type: 'embedding', result }))).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, 2] }],
      model: 'm',
      usage: { prompt_tokens: 1, total_tokens: 3 },
    });
  });

  it('are texts and runs of apps', () => {
    const result = { type: 'workflow', status: 'succeeded', outputs: { text: 'Ho' }, error: null };
    const ran = job({ type: 'workflow', model: 'flow', input: { inputs: {} }, result });
    expect(formats[chats].toReply(ran)).toMatchObject({
      choices: [{ message: { content: 'Ho' } }],
    });
    expect(formats['/v1/workflows/run'].toReply(ran)).toMatchObject({
      data: { status: 'succeeded', outputs: { text: 'Ho' }, finished_at: 3 },
    });
  });
});
