import type { ModelFacts } from '@sluice/config';
import type { ChatInput } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { convertRequest } from './convert-request.ts';

const hi: ChatInput['messages'] = [{ role: 'user', content: 'hi' }];
const look = {
  type: 'function' as const,
  function: { name: 'look', description: 'Looks', parameters: { properties: { at: {} } } },
};

interface Options {
  model?: string;
  dropParams?: boolean;
  version?: string;
  facts?: ModelFacts;
}

function convert(input: Partial<ChatInput>, options: Options = {}): Record<string, unknown> {
  const { model = 'model-1', dropParams = false, version, facts = {} } = options;
  const target = targetOf('anthropic', 'http://h', { model, dropParams, facts });
  if (version !== undefined) target.provider.options = { version };
  return convertRequest({
    target,
    user: undefined,
    input: { messages: hi, ...input },
  });
}

describe('the body', () => {
  it('has nothing but what was asked for and what the vendor demands', () => {
    expect(convert({})).toEqual({
      model: 'model-1',
      max_tokens: 4_096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      stream: true,
    });
  });

  it.each([
    [64_000, {}, 64_000],
    [undefined, {}, 4_096],
    [64_000, { max_tokens: 7 }, 7],
    [64_000, { max_completion_tokens: 8 }, 8],
    [64_000, { max_tokens: 8, max_completion_tokens: 8 }, 8],
  ])('limits the output of a model that can write %s with %o to %i', (most, input, limit) => {
    const facts = most === undefined ? {} : { maxOutputTokens: most };
    expect(convert(input, { facts })['max_tokens']).toBe(limit);
  });

  it.each<[Partial<ChatInput>, Record<string, unknown>]>([
    [{ stop: 'end' }, { stop_sequences: ['end'] }],
    [{ stop: ['a', 'b'] }, { stop_sequences: ['a', 'b'] }],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { a: 1 } } } },
      { output_config: { format: { type: 'json_schema', schema: { a: 1 } } } },
    ],
    [
      { tools: [look] },
      {
        tools: [
          {
            name: 'look',
            description: 'Looks',
            input_schema: { type: 'object', properties: { at: {} } },
          },
        ],
      },
    ],
    [
      { tools: [{ type: 'function', function: { name: 'say', strict: true } }] },
      { tools: [{ name: 'say', input_schema: { type: 'object' }, strict: true }] },
    ],
    [{ tools: [look], tool_choice: 'none' }, { tool_choice: { type: 'none' } }],
    [{ tools: [look], tool_choice: 'auto' }, { tool_choice: { type: 'auto' } }],
    [{ tools: [look], tool_choice: 'required' }, { tool_choice: { type: 'any' } }],
    [
      { tools: [look], tool_choice: { type: 'function', function: { name: 'look' } } },
      { tool_choice: { type: 'tool', name: 'look' } },
    ],
    [
      { tools: [look], parallel_tool_calls: false },
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    ],
    [
      { tools: [look], parallel_tool_calls: false, tool_choice: 'required' },
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    ],
    [
      { reasoning_effort: 'high' },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    ],
    [{ reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
  ])('says %o as %o', (input, fields) => {
    expect(convert(input)).toMatchObject(fields);
  });

  it('does not ask a model to think that must call a tool', () => {
    const body = convert({ tools: [look], tool_choice: 'required', reasoning_effort: 'max' });
    expect(body).toMatchObject({ output_config: { effort: 'max' } });
    expect(body).not.toHaveProperty('thinking');
  });

  it.each<Partial<ChatInput>>([
    { frequency_penalty: 0, presence_penalty: 0, logit_bias: {} },
    { response_format: { type: 'text' } },
    { tool_choice: 'none' },
    { tool_choice: 'auto', parallel_tool_calls: false },
    { parallel_tool_calls: true },
  ])('leaves out %o, which changes nothing', (input) => {
    expect(convert(input)).toEqual(convert({}));
  });
});

describe('a parameter that Anthropic cannot take', () => {
  const newest = { version: '2026-10-21' };
  const opus = { model: 'claude-opus-4-7' };
  it.each<[string, Partial<ChatInput>, Options]>([
    ['seed', { seed: 0 }, {}],
    ['frequency_penalty', { frequency_penalty: 0.1 }, {}],
    ['presence_penalty', { presence_penalty: -1 }, {}],
    ['logit_bias', { logit_bias: { '1': 5 } }, {}],
    ['response_format', { response_format: { type: 'json_object' } }, {}],
    [
      'response_format',
      { response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
      {},
    ],
    ['temperature', { temperature: 1.5 }, {}],
    ['temperature', { temperature: 0 }, opus],
    ['temperature', { temperature: 0 }, { model: 'claude-sonnet-5-5' }],
    ['temperature', { temperature: 0 }, newest],
    ['top_p', { top_p: 0.9 }, opus],
    ['top_p', { top_p: 0.99 }, newest],
    ['reasoning_effort', { reasoning_effort: 'minimal' }, {}],
    ['reasoning_effort', { reasoning_effort: 'high' }, { model: 'claude-haiku-4-5' }],
    ['reasoning_effort', { reasoning_effort: 'none' }, { model: 'claude-fable-5-2' }],
  ])('is refused by its name, or dropped: %s of %o for %o', (name, input, options) => {
    let error: unknown;
    try {
      convert(input, options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      code: 'upstream_invalid_request',
      retryable: false,
      param: `input.${name}`,
      message: expect.stringContaining(`acme (anthropic) cannot take input.${name}: `),
    });
    expect(convert(input, { ...options, dropParams: true })).toEqual(convert({}, options));
  });

  it('is dropped where two limits differ: the old name’s', () => {
    const both = { max_tokens: 5, max_completion_tokens: 6 };
    expect(() => convert(both)).toThrow('cannot take input.max_tokens');
    expect(convert(both, { dropParams: true })['max_tokens']).toBe(6);
  });
});

describe('sampling', () => {
  it.each<[Partial<ChatInput>, Options]>([
    [{ temperature: 0.3, top_p: 0.5 }, {}],
    [{ temperature: 0 }, { model: 'claude-opus-4-6' }],
    [{ temperature: 0.7 }, { model: 'claude-haiku-4-5-20251001' }],
    [{ temperature: 1, top_p: 0.99 }, { model: 'claude-opus-5' }],
  ])('of %o goes on as it is for %o', (input, options) => {
    expect(convert(input, options)).toMatchObject(input);
  });

  it('at its default is left out where the version has none', () => {
    const options = { version: '2026-10-21' };
    expect(convert({ temperature: 1, top_p: 1 }, options)).toEqual(convert({}, options));
  });
});
