import type { ChatInput } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { convertRequest as toAnthropic } from '../anthropic/convert-request.ts';
import type { ChatCall } from '../adapter.ts';
import { targetOf } from '../conformance/subject.ts';
import { convertRequest as toGemini } from '../gemini/convert-request.ts';
import { convertRequest as toOllama } from '../ollama/convert-request.ts';
import { convertRequest as toChatCompletion } from '../openai-compatible/convert-request.ts';
import { fitCompatible } from '../openai-compatible/fit-compatible.ts';
import { fitChat } from '../openai/fit-chat.ts';

/** What a kind's adapter sends for an input. */
const converters: Record<string, (call: ChatCall) => Record<string, unknown>> = {
  openai: (call) => toChatCompletion({ ...call, input: fitChat(call) }),
  'azure-openai': (call) => toChatCompletion({ ...call, input: fitChat(call) }),
  'openai-compatible': (call) => toChatCompletion({ ...call, input: fitCompatible(call) }),
  anthropic: toAnthropic,
  gemini: toGemini,
  ollama: toOllama,
};

const messages: ChatInput['messages'] = [{ role: 'user', content: 'hi' }];

function send(kind: string, more: Partial<ChatInput>, { dropParams = false, model = 'm' } = {}) {
  const target = targetOf(kind, 'http://h', { dropParams, model });
  const signal = new AbortController().signal;
  const call = { target, signal, jobId: 'job_1', user: undefined, input: { messages, ...more } };
  return converters[kind]?.(call) ?? {};
}

const bare = (kind: string) => send(kind, {});
const audio = { voice: 'sage', format: 'pcm16' } as const;
const prediction = { type: 'content', content: 'x' } as const;

/** What a kind makes of a parameter: fields of its request, or nothing where it must refuse it. */
type Row = [Partial<ChatInput>, Record<string, object | undefined>];
const same = (fields: object) => ({
  openai: fields,
  'azure-openai': fields,
  'openai-compatible': fields,
});
const openAiOnly = (input: Partial<ChatInput>): Row => [input, same(input)];

const rows: Row[] = [
  [{ n: 2 }, { ...same({ n: 2 }), gemini: { generationConfig: { candidateCount: 2 } } }],
  [
    { logprobs: true, top_logprobs: 3 },
    {
      ...same({ logprobs: true, top_logprobs: 3 }),
      gemini: { generationConfig: { responseLogprobs: true, logprobs: 3 } },
      ollama: { logprobs: true, top_logprobs: 3 },
    },
  ],
  [
    { logprobs: true },
    {
      ...same({ logprobs: true }),
      gemini: { generationConfig: { responseLogprobs: true } },
      ollama: { logprobs: true },
    },
  ],
  openAiOnly({ logit_bias: { '50256': -100 } }),
  [
    { seed: 7 },
    {
      ...same({ seed: 7 }),
      gemini: { generationConfig: { seed: 7 } },
      ollama: { options: { seed: 7 } },
    },
  ],
  [
    { service_tier: 'flex' },
    { ...same({ service_tier: 'flex' }), gemini: { serviceTier: 'flex' } },
  ],
  [
    { service_tier: 'priority' },
    { ...same({ service_tier: 'priority' }), gemini: { serviceTier: 'priority' } },
  ],
  openAiOnly({ service_tier: 'scale' }),
  openAiOnly({ store: true }),
  openAiOnly({ metadata: { order: '7' } }),
  openAiOnly({ prediction }),
  openAiOnly({ web_search_options: { search_context_size: 'low' } }),
  openAiOnly({ verbosity: 'low' }),
  [
    { modalities: ['text', 'audio'], audio },
    {
      ...same({ modalities: ['text', 'audio'], audio }),
      gemini: {
        generationConfig: {
          responseModalities: ['TEXT', 'AUDIO'],
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'sage' } } },
        },
      },
    },
  ],
  [
    { modalities: ['text', 'image'] },
    {
      'openai-compatible': { modalities: ['text', 'image'] },
      gemini: { generationConfig: { responseModalities: ['TEXT', 'IMAGE'] } },
    },
  ],
  [
    { tools: [{ type: 'function', function: { name: 'f' } }], parallel_tool_calls: false },
    {
      ...same({ parallel_tool_calls: false }),
      anthropic: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    },
  ],
  [
    { frequency_penalty: 0.5, presence_penalty: 0.5 },
    {
      ...same({ frequency_penalty: 0.5, presence_penalty: 0.5 }),
      gemini: { generationConfig: { frequencyPenalty: 0.5, presencePenalty: 0.5 } },
      ollama: { options: { frequency_penalty: 0.5, presence_penalty: 0.5 } },
    },
  ],
  [
    { top_k: 5 },
    {
      'openai-compatible': { top_k: 5 },
      anthropic: { top_k: 5 },
      gemini: { generationConfig: { topK: 5 } },
      ollama: { options: { top_k: 5 } },
    },
  ],
];

const cases = rows.flatMap(([input, expected]) =>
  Object.keys(converters).map((kind) => ({
    kind,
    input,
    given: JSON.stringify(input),
    fields: expected[kind],
  })),
);

describe('a parameter that some vendors have no word for', () => {
  it.each(cases.filter(({ fields }) => fields))(
    '$kind is sent $given',
    ({ kind, input, fields }) => {
      expect(send(kind, input)).toMatchObject(fields ?? {});
    },
  );

  it.each(cases.filter(({ fields }) => !fields))(
    '$kind is not sent $given, and says so',
    ({ kind, input }) => {
      const name = Object.keys(input).at(-1) ?? '';
      expect(() => send(kind, input)).toThrow(/cannot take input\.[a-z_.]+: .*dropParams/);
      expect(() => send(kind, { [name]: Object.values(input).at(-1) })).toThrow(`input.${name}`);
      const dropped = send(kind, input, { dropParams: true });
      const { tools: _tools, ...rest } = dropped;
      if (!input.tools && kind !== 'openai' && kind !== 'azure-openai')
        expect(rest).toEqual(bare(kind));
    },
  );

  it.each(Object.keys(converters))('%s does not mind one that asks for nothing', (kind) => {
    const nothing: Partial<ChatInput> = {
      n: 1,
      logprobs: false,
      logit_bias: {},
      store: false,
      modalities: ['text'],
      parallel_tool_calls: true,
      frequency_penalty: 0,
      service_tier: 'auto',
    };
    expect(() => send(kind, nothing)).not.toThrow();
  });

  it.each([
    ['auto', 'auto'],
    ['default', 'standard_only'],
    ['standard_only', 'standard_only'],
  ] as const)('the tier %s is %s for Anthropic', (tier, sent) => {
    expect(send('anthropic', { service_tier: tier })).toMatchObject({ service_tier: sent });
  });

  it('the tier standard_only is default for OpenAI', () => {
    const sent = send('openai', { service_tier: 'standard_only' });
    expect(sent).toMatchObject({ service_tier: 'default' });
  });

  it.each(Object.keys(converters).filter((kind) => kind !== 'anthropic'))(
    '%s is not asked for likely tokens without probabilities',
    (kind) => {
      expect(() => send(kind, { top_logprobs: 2 })).toThrow('input.top_logprobs');
    },
  );

  it.each(['logprobs', 'logit_bias'] as const)('reasoning models of OpenAI take no %s', (name) => {
    const value = name === 'logprobs' ? true : { '1': 1 };
    expect(() => send('openai', { [name]: value }, { model: 'o3' })).toThrow(`input.${name}`);
    const dropped = send('openai', { [name]: value }, { model: 'o3', dropParams: true });
    expect(dropped).not.toHaveProperty(name);
  });
});

describe('sound', () => {
  it.each(['openai', 'azure-openai', 'openai-compatible'])(
    'is asked of %s whole, but for bare samples',
    (kind) => {
      const wav = send(kind, { modalities: ['text', 'audio'], audio: { ...audio, format: 'wav' } });
      expect(wav).not.toHaveProperty('stream');
      expect(send(kind, { modalities: ['text', 'audio'], audio })).toMatchObject({ stream: true });
    },
  );

  it('is asked of Gemini as bare samples only', () => {
    const wav = { audio: { ...audio, format: 'wav' as const } };
    expect(() => send('gemini', wav)).toThrow('input.audio.format');
  });

  const said = (more: object): ChatInput['messages'] => [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: null, ...more },
    { role: 'user', content: 'go on' },
  ];

  it('that was said is sent back to OpenAI by its id, to nobody else', () => {
    const input = { messages: said({ audio: { id: 'audio_1', data: 'AAAA', transcript: 'Hi' } }) };
    for (const kind of ['openai', 'azure-openai', 'openai-compatible']) {
      expect(send(kind, input)['messages']).toContainEqual({
        role: 'assistant',
        content: null,
        audio: { id: 'audio_1' },
      });
    }
    for (const kind of ['anthropic', 'gemini', 'ollama']) {
      expect(() => send(kind, input)).toThrow('input.messages[1].audio');
    }
    const nameless = { messages: said({ audio: { data: 'AAAA' } }) };
    expect(() => send('openai', nameless)).toThrow('input.messages[1].audio');
  });

  it('and images that were drawn go back to Gemini and to servers with that form', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const input = { messages: said({ images: [image], annotations: [{ type: 'x' }] }) };
    expect(send('gemini', input)['contents']).toContainEqual({
      role: 'model',
      parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }],
    });
    expect(send('openai-compatible', input)['messages']).toContainEqual({
      role: 'assistant',
      content: null,
      images: [image],
    });
    for (const kind of ['openai', 'azure-openai', 'anthropic', 'ollama']) {
      expect(() => send(kind, input)).toThrow('input.messages[1].images');
    }
  });
});
