import { SluiceError } from '@sluice/contracts';
import { systemClock } from '@sluice/runtime';
import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';

import { targetOf } from '../conformance/subject.ts';
import { AnswerAssembly } from './answer-assembly.ts';
import { judgeGemini } from './judge-gemini.ts';

function assemblyFor(headers = {}, count = 1): AnswerAssembly {
  const context = {
    http: { dispatcher: new MockAgent(), clock: systemClock },
    target: targetOf('gemini', 'http://x'),
    signal: new AbortController().signal,
    judge: judgeGemini,
  };
  return new AnswerAssembly(context, { status: 200, headers }, count);
}

function replyTo(...pieces: object[]) {
  const assembly = assemblyFor();
  for (const piece of pieces) assembly.onEvent({ data: JSON.stringify(piece) });
  return assembly.end();
}

function failureOf(...pieces: object[]): SluiceError {
  try {
    replyTo(...pieces);
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('it did not fail with a SluiceError');
}

const piece = (parts: object[], finishReason?: string) => ({
  candidates: [{ content: { parts }, ...(finishReason && { finishReason }) }],
});

describe('an answer of Gemini', () => {
  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['BLOCKLIST', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['SPII', 'content_filter'],
    ['IMAGE_SAFETY', 'content_filter'],
    ['LANGUAGE', 'other'],
    ['OTHER', 'other'],
    ['TOO_MANY_TOOL_CALLS', 'other'],
    ['SOMETHING_NEW', 'other'],
  ])('that ends with %s ends with %s', (raw, unified) => {
    const { result } = replyTo(piece([{ text: 'a' }]), piece([], raw));
    expect(result.finish_reason).toEqual({ unified, raw });
    expect(result.message.content).toBe('a');
  });

  it('may have no content', () => {
    const { result } = replyTo({ candidates: [{ finishReason: 'MAX_TOKENS' }] });
    expect(result.message).toEqual({ role: 'assistant', content: null });
    expect(replyTo(piece([{ text: '' }], 'STOP')).result.message.content).toBe('');
  });

  it('is made of each candidate in its place, and skips parts it does not know', () => {
    const { result } = replyTo(
      { candidates: [{ index: 1, content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' }] },
      piece([{ executableCode: { code: '1' } }, { text: 'a', thoughtSignature: 'x' }], 'STOP'),
    );
    expect(result.message).toEqual({
      role: 'assistant',
      content: 'a',
      reasoning_parts: [{ type: 'thought_signature', signature: 'x' }],
    });
  });

  it('gives each call an id of its own where Gemini gives none', () => {
    const call = { functionCall: { name: 'f' } };
    expect(replyTo(piece([call, call], 'STOP')).result.message.tool_calls).toEqual([
      { id: 'call_0', type: 'function', function: { name: 'f', arguments: '{}' } },
      { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } },
    ]);
  });

  it('is named by the reply’s header, else by the response’s id', () => {
    const whole = { ...piece([], 'STOP'), responseId: 'resp-1' };
    expect(replyTo(whole).upstreamRequestId).toBe('resp-1');
    const assembly = assemblyFor({ 'x-request-id': 'req-1' });
    assembly.add(whole);
    expect(assembly.end().upstreamRequestId).toBe('req-1');
  });

  it('goes on after the finish reason until the usage has come', () => {
    const assembly = assemblyFor();
    expect(assembly.onEvent({ data: JSON.stringify(piece([], 'STOP')) })).toBe('progress');
    const counted = { usageMetadata: { totalTokenCount: 3 } };
    expect(assembly.onEvent({ data: JSON.stringify(counted) })).toBe('done');
    expect(assembly.end().usage).toEqual({ total_tokens: 3, source: 'provider' });
  });

  it.each([
    [{ promptTokenCount: 5, candidatesTokenCount: 3, thoughtsTokenCount: 40 }, [5, 43, 48]],
    [{ promptTokenCount: 5, toolUsePromptTokenCount: 7 }, [12, undefined, 12]],
    [{ promptTokenCount: 5, thoughtsTokenCount: 9, totalTokenCount: 14 }, [5, 9, 14]],
    [{ promptTokenCount: 8, totalTokenCount: 8 }, [8, 0, 8]],
    [{ candidatesTokenCount: 'many', totalTokenCount: 4 }, [undefined, undefined, 4]],
  ])('counts %j as %j', (usageMetadata, [input, output, total]) => {
    const { usage } = replyTo({ ...piece([], 'STOP'), usageMetadata });
    expect(usage?.input_tokens).toBe(input);
    expect(usage?.output_tokens).toBe(output);
    expect(usage?.total_tokens).toBe(total);
  });

  it('counts nothing where Gemini counts nothing', () => {
    expect(replyTo(piece([], 'STOP')).usage).toBeUndefined();
    expect(replyTo({ ...piece([], 'STOP'), usageMetadata: {} }).usage).toBeUndefined();
  });
});

describe('no answer of Gemini', () => {
  it('is a blocked prompt', () => {
    const promptFeedback = { blockReason: 'SAFETY', blockReasonMessage: 'not that' };
    expect(failureOf({ promptFeedback, usageMetadata: { totalTokenCount: 9 } })).toMatchObject({
      code: 'content_filtered',
      retryable: false,
      upstreamCode: 'SAFETY',
      message: 'acme blocked the prompt (SAFETY): not that',
    });
  });

  it('is a call that the model wrote wrongly, unless it said something', () => {
    const malformed = {
      candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'print(' }],
    };
    expect(failureOf(malformed)).toMatchObject({
      code: 'upstream_error',
      retryable: true,
      upstreamCode: 'MALFORMED_FUNCTION_CALL',
      message: 'acme sent no answer (MALFORMED_FUNCTION_CALL): print(',
    });
    expect(replyTo(piece([{ text: 'a' }]), malformed).result.finish_reason.unified).toBe('other');
  });

  it('is an error inside the stream', () => {
    const error = { code: 429, message: 'Later.', status: 'RESOURCE_EXHAUSTED' };
    const details = [{ retryDelay: '2.5s' }];
    expect(failureOf(piece([{ text: 'a' }]), { error: { ...error, details } })).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      retryAfterMs: 2_500,
      upstreamStatus: 429,
      upstreamCode: 'RESOURCE_EXHAUSTED',
    });
  });
});

describe('an error of Gemini', () => {
  const fieldsOf = (status: number, codes: string[], message = '') => ({
    status,
    codes,
    message,
    code: undefined,
  });

  it.each<[string[], string, string | undefined]>([
    [['resource_exhausted'], 'Resource has been exhausted (e.g. check quota).', 'rate_limited'],
    [
      ['resource_exhausted', 'generaterequestsperminuteperprojectpermodel-freetier'],
      'You exceeded your current quota, please check your plan and billing details.',
      'rate_limited',
    ],
    [
      [
        'resource_exhausted',
        'generaterequestsperminuteperprojectpermodel',
        'generaterequestsperdayperprojectpermodel',
      ],
      '',
      'quota_exceeded',
    ],
    [['resource_exhausted'], 'You have reached your monthly spending cap.', 'quota_exceeded'],
    [['invalid_argument', 'api_key_invalid'], 'API key not valid.', 'upstream_auth'],
    [['deadline_exceeded'], '', 'upstream_timeout'],
    [['cancelled'], '', 'upstream_error'],
    [['invalid_argument'], 'no', undefined],
  ])('of %j "%s" means %s', (codes, message, code) => {
    expect(judgeGemini(undefined, fieldsOf(429, codes, message))?.code).toBe(code);
  });
});

describe('what else a candidate may have', () => {
  const end = { candidates: [{ finishReason: 'STOP' }] };

  it('is others beside it, and it is whole when all have ended', () => {
    const at = (index: number, text: string, finishReason?: string) => ({
      candidates: [
        { index, content: { parts: [{ text }] }, ...(finishReason && { finishReason }) },
      ],
      usageMetadata: { totalTokenCount: 3 },
    });
    const assembly = assemblyFor({}, 2);
    const states = [at(1, 'b', 'STOP'), at(0, 'a'), at(0, 'c', 'STOP')].map((chunk) =>
      assembly.onEvent({ data: JSON.stringify(chunk) }),
    );
    expect(states).toEqual(['progress', 'progress', 'done']);
    const { result } = assembly.end();
    expect(result.message.content).toBe('ac');
    expect(result.alternatives).toMatchObject([{ message: { content: 'b' } }]);
  });

  it('is how likely its tokens were', () => {
    const token = (text: string, logProbability: number) => ({ token: text, logProbability });
    const logprobsResult = {
      chosenCandidates: [token('é', -0.1)],
      topCandidates: [{ candidates: [token('é', -0.1), token('e', -2)] }],
    };
    const { result } = replyTo(
      { candidates: [{ content: { parts: [{ text: 'é' }] }, logprobsResult }] },
      end,
    );
    expect(result.logprobs).toEqual({
      content: [
        {
          token: 'é',
          logprob: -0.1,
          bytes: [195, 169],
          top_logprobs: [
            { token: 'é', logprob: -0.1, bytes: [195, 169] },
            { token: 'e', logprob: -2, bytes: [101] },
          ],
        },
      ],
    });
  });

  it('is images, and sound in pieces', () => {
    const sound = (text: string) => ({
      inlineData: { mimeType: 'audio/L16;rate=24000', data: Buffer.from(text).toString('base64') },
    });
    const image = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
    const { result } = replyTo(piece([sound('ab'), image]), piece([sound('cde')], 'STOP'));
    expect(result.message).toEqual({
      role: 'assistant',
      content: null,
      audio: { format: 'audio/L16;rate=24000', data: Buffer.from('abcde').toString('base64') },
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
    });
  });

  it('is where its text comes from, in units of UTF-16', () => {
    const { result } = replyTo(piece([{ text: 'é, so' }]), {
      candidates: [
        {
          finishReason: 'STOP',
          citationMetadata: {
            citationSources: [{ startIndex: 0, endIndex: 2, uri: 'https://a.example' }, {}],
          },
          groundingMetadata: {
            groundingChunks: [{ web: { uri: 'https://b.example', title: 'B' } }],
            groundingSupports: [
              { segment: { startIndex: 4, endIndex: 6 }, groundingChunkIndices: [0, 7] },
            ],
          },
        },
      ],
    });
    expect(result.message.annotations).toEqual([
      {
        type: 'url_citation',
        url_citation: { url: 'https://a.example', start_index: 0, end_index: 1 },
      },
      {
        type: 'url_citation',
        url_citation: { url: 'https://b.example', title: 'B', start_index: 3, end_index: 5 },
      },
    ]);
  });
});

it('sound among the tokens of Gemini is counted apart: it has a price of its own', () => {
  const { usage } = replyTo(piece([{ text: 'a' }], 'STOP'), {
    usageMetadata: {
      promptTokenCount: 9,
      candidatesTokenCount: 5,
      totalTokenCount: 14,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 2 },
        { modality: 'AUDIO', tokenCount: 7 },
      ],
      candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: 5 }],
    },
  });
  expect(usage).toMatchObject({ input_tokens: 9, output_tokens: 5, audio_tokens: 12 });
});
