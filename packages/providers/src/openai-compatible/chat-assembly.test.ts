import { joinDeltas, SluiceError, type TextDelta } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';
import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { ChatAssembly } from './chat-assembly.ts';
import { judgeDashScope } from './judge-dashscope.ts';

function assemblyFor(baseUrl = 'http://x', onDelta?: (delta: TextDelta) => void): ChatAssembly {
  return new ChatAssembly(
    {
      onDelta,
      http: { dispatcher: new MockAgent(), clock: systemClock },
      target: targetOf('openai-compatible', baseUrl),
      signal: new AbortController().signal,
      judge: judgeDashScope,
    },
    { status: 200, headers: {} },
  );
}

/** The reply of a stream of deltas; the last ends with `stop`. */
function replyTo(...deltas: object[]) {
  return replyToChunks(...deltas.map((delta) => ({ choices: [{ index: 0, delta }] })), {
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  });
}

function replyToChunks(...chunks: object[]) {
  return replyToChunksTold([], chunks);
}

/** The same; `told` gets what is told of it. */
function replyToChunksTold(told: TextDelta[], chunks: object[]) {
  const assembly = assemblyFor('http://x', (delta) => told.push(delta));
  for (const chunk of chunks) assembly.onEvent({ data: JSON.stringify(chunk) });
  assembly.onEvent({ data: '[DONE]' });
  return assembly.end();
}

function messageOf(...deltas: object[]) {
  return replyTo(...deltas).result.message;
}

function failureOf(act: () => unknown): SluiceError {
  try {
    act();
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('it did not fail with a SluiceError');
}

describe('the text of a reply', () => {
  it.each([
    [[{ content: 'a' }, { content: null }, {}, { content: 'b' }], 'ab'],
    [[{ content: '' }], ''],
    [[{ role: 'assistant' }], null],
    [
      [
        {
          content: [
            { type: 'text', text: 'a' },
            { type: 'thinking', thinking: [{ text: 'h' }] },
          ],
        },
      ],
      'a',
    ],
  ])('of %j is %j', (deltas, content) => {
    expect(messageOf(...deltas).content).toBe(content);
  });

  it.each([
    [{ reasoning_content: 'hm' }],
    [{ reasoning: 'hm' }],
    [{ reasoning_text: 'hm' }],
    [{ reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    [{ reasoning_details: [{ type: 'reasoning.summary', summary: 'hm' }] }],
    [{ reasoning: 'hm', reasoning_details: [{ text: 'hm' }] }],
    [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }],
  ])('comes with the reasoning of %j', (delta) => {
    expect(messageOf({ ...delta }, { content: 'a' })).toMatchObject({ reasoning: 'hm' });
  });

  it('may be a refusal', () => {
    const message = messageOf({ refusal: 'I ' }, { refusal: 'will not' });
    expect(message).toEqual({ role: 'assistant', content: null, refusal: 'I will not' });
  });

  it('is that of each choice, in its place', () => {
    const choice = (index: number, content: string) => ({
      choices: [{ index, delta: { content } }],
    });
    const { result } = replyToChunks(
      choice(1, 'b'),
      choice(0, 'a'),
      choice(1, 'd'),
      choice(0, 'c'),
    );
    expect(result.message.content).toBe('ac');
    expect(result.alternatives).toMatchObject([{ message: { content: 'bd' } }]);
  });
});

describe('tool calls', () => {
  const call = (id: string, name: string, args: string) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  });
  const named = (name: string, args: unknown) => ({ function: { name, arguments: args } });
  const piece = (args: string) => ({ function: { arguments: args } });

  it.each([
    [
      'by index',
      [
        { index: 1, id: 'b', ...named('g', '') },
        { index: 0, id: 'a', ...named('f', '{') },
        { index: 1, ...piece('1') },
        { index: 0, ...piece('}') },
      ],
      [call('b', 'g', '1'), call('a', 'f', '{}')],
    ],
    [
      'with the id repeated',
      [
        { index: 0, id: 'a', ...named('f', '{') },
        { index: 0, id: 'a', ...piece('}') },
      ],
      [call('a', 'f', '{}')],
    ],
    [
      'with empty ids after the first',
      [
        { index: 0, id: 'a', ...named('f', '{') },
        { index: 0, id: '', ...piece('}') },
      ],
      [call('a', 'f', '{}')],
    ],
    [
      'all numbered 0',
      [
        { index: 0, id: 'a', ...named('f', '{}') },
        { index: 0, id: 'b', ...named('g', '{}') },
      ],
      [call('a', 'f', '{}'), call('b', 'g', '{}')],
    ],
    [
      'without index, by id',
      [
        { id: 'a', ...named('f', '{') },
        { id: 'a', ...piece('}') },
        { id: 'b', ...named('g', '') },
      ],
      [call('a', 'f', '{}'), call('b', 'g', '')],
    ],
    [
      'without index and id, by order',
      [{ id: 'a', ...named('f', '{') }, piece('}')],
      [call('a', 'f', '{}')],
    ],
    ['without any id', [{ index: 0, ...named('f', '{}') }], [call('call_0', 'f', '{}')]],
    [
      'with arguments that are no text',
      [{ index: 0, id: 'a', ...named('f', { x: 1 }) }],
      [call('a', 'f', '{"x":1}')],
    ],
    [
      'with arguments that are no JSON',
      [{ index: 0, id: 'a', ...named('f', '{x') }],
      [call('a', 'f', '{x')],
    ],
  ])('are put together %s', (_name, pieces, calls) => {
    const { result } = replyTo(...pieces.map((each) => ({ tool_calls: [each] })));
    expect(result.message.tool_calls).toEqual(calls);
    expect(result.finish_reason).toEqual({ unified: 'tool_calls', raw: 'stop' });
    expect(result.message.content).toBeNull();
  });
});

describe('the finish reason', () => {
  it.each([
    ['stop', 'stop'],
    ['end_turn', 'stop'],
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['repetition', 'other'],
  ])('%s is %s', (raw, unified) => {
    const { result } = replyToChunks({
      choices: [{ delta: { content: 'a' }, finish_reason: raw }],
    });
    expect(result.finish_reason).toEqual({ unified, raw });
  });

  it('that is missing before the end is unknown', () => {
    const { result } = replyToChunks({ choices: [{ delta: { content: 'a' } }] });
    expect(result.finish_reason).toEqual({ unified: 'other', raw: '' });
  });

  it.each([
    ['insufficient_system_resource', 'upstream_overloaded'],
    ['abort', 'upstream_error'],
    ['error', 'upstream_error'],
  ])('%s is a failure of the upstream', (raw, code) => {
    const error = failureOf(() => replyToChunks({ choices: [{ delta: {}, finish_reason: raw }] }));
    expect(error).toMatchObject({ code, retryable: true, upstreamCode: raw });
  });
});

describe('usage', () => {
  const counted = { input_tokens: 10, output_tokens: 5, total_tokens: 15, source: 'provider' };
  const basic = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

  it.each([
    [
      'OpenAI',
      {
        ...basic,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      { ...counted, cached_input_tokens: 4, cache_write_input_tokens: 2, reasoning_tokens: 3 },
    ],
    [
      'DeepSeek',
      { ...basic, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 },
      { ...counted, cached_input_tokens: 4 },
    ],
    [
      'sound',
      {
        ...basic,
        prompt_tokens_details: { audio_tokens: 3 },
        completion_tokens_details: { audio_tokens: 4 },
      },
      { ...counted, audio_tokens: 7 },
    ],
    ['Moonshot', { ...basic, cached_tokens: 4 }, { ...counted, cached_input_tokens: 4 }],
    [
      'SGLang',
      { ...basic, reasoning_tokens: 3, prompt_tokens_details: null },
      { ...counted, reasoning_tokens: 3 },
    ],
    [
      'Responses names',
      { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 4 } },
      { ...counted, cached_input_tokens: 4 },
    ],
    ['no total', { prompt_tokens: 10, completion_tokens: 5 }, counted],
    [
      'no output',
      { prompt_tokens: 10 },
      { input_tokens: 10, total_tokens: 10, source: 'provider' },
    ],
    ['strings', { prompt_tokens: '10' }, undefined],
    ['nothing', {}, undefined],
    ['null', null, undefined],
  ])('of %s is understood', (_name, usage, expected) => {
    const choice = { choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }] };
    expect(replyToChunks(choice, { choices: [], usage }).usage).toEqual(expected);
  });

  it('is the last one that is there, never the sum', () => {
    const running = (total: number) => ({
      choices: [{ delta: { content: 'a' } }],
      usage: { total_tokens: total },
    });
    const reply = replyToChunks(running(3), running(9), { choices: [{ delta: {} }], usage: null });
    expect(reply.usage?.total_tokens).toBe(9);
  });

  it('may be inside the choice', () => {
    const { usage } = replyToChunks({ choices: [{ delta: { content: 'a' }, usage: basic }] });
    expect(usage).toEqual(counted);
  });
});

describe('an error inside a stream', () => {
  it.each([
    [{ error: { message: 'no', code: 400 } }, 'upstream_invalid_request'],
    [{ error: 'no' }, 'upstream_error'],
    [{ object: 'error', message: 'no', code: 503 }, 'upstream_overloaded'],
    [[{ error: { message: 'no', code: 429 } }], 'rate_limited'],
    [{ error: { code: 502 }, choices: [{ delta: {}, finish_reason: 'error' }] }, 'upstream_error'],
  ])('%j is thrown', (value, code) => {
    const act = () => assemblyFor().onEvent({ data: JSON.stringify(value) });
    expect(failureOf(act)).toMatchObject({ code });
  });

  it('may have an event name of its own', () => {
    const act = () => assemblyFor().onEvent({ event: 'error', data: '{"message":"no"}' });
    expect(failureOf(act)).toMatchObject({
      code: 'upstream_error',
      message: 'acme sent an error: no',
    });
  });

  it('that is null is none', () => {
    const { result } = replyToChunks({ error: null, choices: [{ delta: { content: 'a' } }] });
    expect(result.message.content).toBe('a');
  });

  it.each([
    ['https://dashscope.aliyuncs.com', 'rate_limited'],
    ['https://dashscope-intl.aliyuncs.com', 'rate_limited'],
    ['https://api.openai.com', 'quota_exceeded'],
  ])('from %s that names a quota is %s', (baseUrl, code) => {
    const data = JSON.stringify({ error: { code: 'insufficient_quota', message: 'x' } });
    expect(failureOf(() => assemblyFor(baseUrl).onEvent({ data }))).toMatchObject({ code });
  });
});

describe('a stream without [DONE]', () => {
  const chunk = (choice: object) => ({ data: JSON.stringify({ choices: [choice] }) });

  it('is whole if it gave a finish reason', () => {
    const assembly = assemblyFor();
    assembly.onEvent(chunk({ delta: { content: 'a' }, finish_reason: 'length' }));
    expect(assembly.end().result.finish_reason.unified).toBe('length');
  });

  it('was cut if it gave none', () => {
    const assembly = assemblyFor();
    assembly.onEvent(chunk({ delta: { content: 'a' } }));
    expect(failureOf(() => assembly.end())).toMatchObject({ code: 'upstream_truncated' });
  });
});

describe('what else a choice may have', () => {
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };

  it('is how likely each token was', () => {
    const token = (text: string) => ({ token: text, logprob: -0.5, bytes: [97], top_logprobs: [] });
    const piece = (text: string) => ({
      choices: [{ delta: { content: text }, logprobs: { content: [token(text)], refusal: null } }],
    });
    const { result } = replyToChunks(piece('a'), piece('b'), end);
    expect(result.logprobs).toEqual({ content: [token('a'), token('b')] });
  });

  it('is sound, whose pieces end where they like', () => {
    const told: TextDelta[] = [];
    const bytes = Buffer.from('0123456789');
    const piece = (from: number, to: number, more: object = {}) => ({
      choices: [
        { delta: { audio: { ...more, data: bytes.subarray(from, to).toString('base64') } } },
      ],
    });
    const { result } = replyToChunksTold(told, [
      piece(0, 4, { id: 'audio_1' }),
      piece(4, 5, { transcript: 'Zero ' }),
      piece(5, 10, { transcript: 'one', expires_at: 1_795_000_000 }),
      end,
    ]);
    const audio = {
      id: 'audio_1',
      data: bytes.toString('base64'),
      transcript: 'Zero one',
      expires_at: 1_795_000_000,
    };
    expect(result.message).toMatchObject({ content: null, audio });
    expect(told.reduce(joinDeltas)).toEqual({ audio });
  });

  it('is images and sources', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    const source = {
      type: 'url_citation',
      url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 1 },
    };
    const message = messageOf(
      { content: 'a', images: [{ ...image, index: 0 }] },
      { annotations: [source, { type: 'file', file: {} }] },
    );
    expect(message).toEqual({
      role: 'assistant',
      content: 'a',
      images: [image],
      annotations: [source],
    });
  });

  it('is the tier that served it', () => {
    const { result } = replyToChunks({ service_tier: 'flex', ...end });
    expect(result.service_tier).toBe('flex');
  });

  it('comes to its end with every choice', () => {
    const choice = (index: number, reason: string | null) => ({
      data: JSON.stringify({
        choices: [{ index, delta: { content: 'a' }, finish_reason: reason }],
      }),
    });
    const assembly = assemblyFor();
    assembly.onEvent(choice(0, 'stop'));
    assembly.onEvent(choice(1, null));
    expect(failureOf(() => assembly.end())).toMatchObject({ code: 'upstream_truncated' });
  });
});
