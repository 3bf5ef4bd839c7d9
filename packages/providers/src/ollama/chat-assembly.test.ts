import { SluiceError } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';
import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { ChatAssembly } from './chat-assembly.ts';
import { judgeOllama } from './judge-ollama.ts';

const target = targetOf('ollama', 'http://x', { model: 'qwen3:8b' });

function replyTo(...lines: object[]) {
  const http = { dispatcher: new MockAgent(), clock: systemClock };
  const { signal } = new AbortController();
  const context = { http, target, signal, judge: judgeOllama };
  const assembly = new ChatAssembly(context, { status: 200, headers: {} });
  for (const line of lines) assembly.onLine(JSON.stringify(line));
  return assembly.end();
}

function failureOf(...lines: object[]): SluiceError {
  try {
    replyTo(...lines);
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('it did not fail with a SluiceError');
}

const say = (content: string) => ({ message: { content }, done: false });

describe('a reply of Ollama', () => {
  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'other'],
    ['unload', 'other'],
    [undefined, 'other'],
  ])('that is done for the reason %s ends with %s', (raw, unified) => {
    const { result } = replyTo(say('a'), { done: true, done_reason: raw });
    expect(result.message).toEqual({ role: 'assistant', content: 'a' });
    expect(result.finish_reason).toEqual({ unified, raw: raw ?? '' });
  });

  it.each([
    [
      { prompt_eval_count: 5, eval_count: 3 },
      { input_tokens: 5, output_tokens: 3, total_tokens: 8 },
    ],
    // The whole prompt was in the cache.
    [{ eval_count: 3 }, { output_tokens: 3, total_tokens: 3 }],
    [
      { prompt_eval_count: 0, eval_count: 3 },
      { input_tokens: 0, output_tokens: 3, total_tokens: 3 },
    ],
  ])('counts %j as %j', (counts, usage) => {
    expect(replyTo({ done: true, ...counts }).usage).toEqual({ ...usage, source: 'provider' });
  });

  it('counts nothing where Ollama counts nothing', () => {
    expect(replyTo({ done: true }).usage).toBeUndefined();
  });

  it('keeps arguments that are text already, however wrong', () => {
    const tool_calls = [{ function: { name: 'f', arguments: '{"a' } }, { function: { name: 'g' } }];
    const { message } = replyTo({
      message: { tool_calls },
      done: true,
      done_reason: 'stop',
    }).result;
    expect(message.content).toBeNull();
    expect(message.tool_calls?.map((call) => call.function)).toEqual([
      { name: 'f', arguments: '{"a' },
      { name: 'g', arguments: '{}' },
    ]);
  });

  it('may be an error inside the stream', () => {
    const error = 'an error was encountered while running the model: unexpected EOF';
    expect(failureOf(say('a'), { error })).toMatchObject({
      code: 'upstream_error',
      retryable: true,
      message: `acme sent an error: ${error}`,
    });
  });
});

describe('an error of Ollama', () => {
  const judge = (status: number | undefined, message: string) =>
    judgeOllama(status, { message, code: undefined, codes: [], status: undefined }, target);

  it('says how to get a model that is not there', () => {
    expect(judge(404, "model 'qwen3:8b' not found")).toEqual({
      code: 'upstream_not_found',
      hint: 'ollama pull qwen3:8b',
    });
  });

  it('says what is wrong with a base URL', () => {
    expect(judge(404, '404 page not found')?.hint).toContain('/v1');
    expect(judge(404, 'nothing here')).toEqual({ code: 'upstream_not_found' });
  });

  it('means what its status says otherwise', () => {
    expect(judge(503, 'server busy')).toBeUndefined();
    expect(judge(undefined, "model 'x' not found")).toBeUndefined();
  });
});

it('a reply of Ollama says how likely its tokens were, where it was asked', () => {
  const line = (token: string) => ({
    ...say(token),
    logprobs: [{ token, logprob: -0.5, top_logprobs: [{ token: 'b', logprob: -1 }] }],
  });
  const { result } = replyTo(line('a'), line('c'), { done: true, done_reason: 'stop' });
  expect(result.logprobs?.content).toEqual(
    ['a', 'c'].map((token) => ({
      token,
      logprob: -0.5,
      bytes: null,
      top_logprobs: [{ token: 'b', logprob: -1, bytes: null }],
    })),
  );
});
