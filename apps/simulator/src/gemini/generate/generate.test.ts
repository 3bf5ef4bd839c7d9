import { describe, expect, test } from 'vitest';
import type { VendorJson } from '../../test-client.ts';
import { parseStream, prompt, startGemini } from '../gemini-client.ts';

const WEATHER = {
  functionDeclarations: [
    {
      name: 'get_weather',
      parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } },
    },
  ],
};

async function ask(body: object, verb = 'generateContent'): Promise<VendorJson> {
  const client = await startGemini();
  return (await client.call(verb, body)).json();
}

async function stream(body: object): Promise<VendorJson[]> {
  const client = await startGemini();
  const response = await client.call('streamGenerateContent?alt=sse', body);
  return parseStream(await response.text());
}

describe('a whole answer', () => {
  test('has the vendor form', async () => {
    const client = await startGemini();
    const response = await client.call('generateContent', prompt('hello there'));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    expect(response.headers.get('server-timing')).toMatch(/^gfet4t7; dur=\d+$/u);
    expect(await response.json()).toEqual({
      candidates: [
        {
          content: { parts: [{ text: 'You said: hello there' }], role: 'model' },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: {
        promptTokenCount: 3,
        candidatesTokenCount: 6,
        totalTokenCount: 9,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }],
      },
      modelVersion: 'sim-chat',
      responseId: expect.any(String),
    });
    expect(client.entries()[0]).toMatchObject({
      dialect: 'gemini',
      kind: 'chat',
      key: 'key-1',
      model: 'sim-chat',
      outcome: 'bought',
      reservedTokens: 3,
      inputTokens: 3,
      outputTokens: 6,
    });
  });

  test('comes under v1 and for a key in the query, too', async () => {
    const client = await startGemini();
    const path = '/gemini/v1/models/sim-chat:generateContent?key=key-2';
    expect((await client.post(path, prompt('hi'))).status).toBe(200);
    expect(client.entries()[0]?.key).toBe('key-2');
  });

  test.for([
    ['maxOutputTokens', { maxOutputTokens: 3 }, 'You said: he', 'MAX_TOKENS'],
    ['max_output_tokens', { max_output_tokens: 3 }, 'You said: he', 'MAX_TOKENS'],
    ['stopSequences', { stopSequences: [' there'] }, 'You said: hello', 'STOP'],
  ] as const)('honours %s', async ([, generationConfig, text, reason]) => {
    const { candidates } = await ask(prompt('hello there', { generationConfig }));
    expect(candidates[0].content.parts).toEqual([{ text }]);
    expect(candidates[0].finishReason).toBe(reason);
  });

  test('counts the system instruction and media, and repeats the last user turn', async () => {
    const { candidates, usageMetadata } = await ask({
      systemInstruction: { parts: [{ text: 'be nice.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'one.' }] },
        { role: 'model', parts: [{ text: 'two.' }] },
        { parts: [{ text: 'last' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }] },
      ],
    });
    expect(candidates[0].content.parts[0].text).toBe('You said: last');
    expect(usageMetadata.promptTokenCount).toBe(5 + 85);
  });

  test('has as many candidates as asked for, all billed', async () => {
    const { candidates, usageMetadata } = await ask(
      prompt('hello there', { generationConfig: { candidateCount: 2 } }),
    );
    expect(candidates.map(({ index }: { index: number }) => index)).toEqual([0, 1]);
    expect(usageMetadata.candidatesTokenCount).toBe(12);
  });

  test.for([
    ['without a schema', {}, { reply: 'You said: go' }],
    [
      'by responseSchema',
      { responseSchema: { type: 'OBJECT', properties: { n: { type: 'INTEGER' } } } },
      { n: 1 },
    ],
    [
      'by responseJsonSchema',
      { responseJsonSchema: { type: 'object', properties: { t: { type: 'string' } } } },
      { t: 'You said: go' },
    ],
  ] as const)('is JSON %s', async ([, more, expected]) => {
    const generationConfig = { responseMimeType: 'application/json', ...more };
    const { candidates } = await ask(prompt('go', { generationConfig }));
    expect(JSON.parse(candidates[0].content.parts[0].text)).toEqual(expected);
  });
});

describe('thinking', () => {
  const thinkingConfig = { includeThoughts: true, thinkingBudget: -1 };

  test('shows thoughts as parts and counts them beside the answer', async () => {
    const { candidates, usageMetadata } = await ask(
      prompt('hello', { generationConfig: { thinkingConfig } }),
    );
    expect(candidates[0].content.parts).toEqual([
      { text: 'Thinking about: hello', thought: true },
      { text: 'You said: hello', thoughtSignature: expect.any(String) },
    ]);
    expect(usageMetadata).toMatchObject({
      promptTokenCount: 2,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 6,
      totalTokenCount: 12,
    });
  });

  test('is billed even when it is not shown, and off with a budget of 0', async () => {
    const hidden = await ask(
      prompt('hello', { generationConfig: { thinkingConfig: { thinkingLevel: 'low' } } }),
    );
    expect(hidden.candidates[0].content.parts).toHaveLength(1);
    expect(hidden.usageMetadata.thoughtsTokenCount).toBe(6);
    const off = await ask(
      prompt('hello', { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }),
    );
    expect(off.usageMetadata.thoughtsTokenCount).toBeUndefined();
  });

  test('can leave nothing of maxOutputTokens for the text', async () => {
    const generationConfig = { maxOutputTokens: 5, thinkingConfig: {} };
    const { candidates, usageMetadata } = await ask(prompt('hello', { generationConfig }));
    expect(candidates[0]).toEqual({
      content: { role: 'model' },
      finishReason: 'MAX_TOKENS',
      index: 0,
    });
    expect(usageMetadata).toMatchObject({ thoughtsTokenCount: 5, totalTokenCount: 7 });
  });
});

describe('functions', () => {
  const args = { city: 'get_weather in Rome' };
  const question = { role: 'user', parts: [{ text: 'get_weather in Rome' }] };
  const call = { functionCall: { name: 'get_weather', args } };
  const result = { functionResponse: { name: 'get_weather', response: { sky: 'blue' } } };

  test('are called with arguments as an object, and end with STOP', async () => {
    const { candidates } = await ask(prompt('get_weather in Rome', { tools: [WEATHER] }));
    expect(candidates[0].content.parts).toEqual([call]);
    expect(candidates[0].finishReason).toBe('STOP');
  });

  test.for([
    ['ANY', undefined, true],
    ['ANY', ['other'], false],
    ['NONE', undefined, false],
    ['AUTO', undefined, false],
  ] as const)('mode %s with allowed %j: called = %s', async ([mode, allowed, called]) => {
    const functionCallingConfig = { mode, allowedFunctionNames: allowed };
    const body = prompt('hi', { tools: [WEATHER], toolConfig: { functionCallingConfig } });
    const { candidates } = await ask(body);
    expect('functionCall' in candidates[0].content.parts[0]).toBe(called);
  });

  test('get their result back', async () => {
    const model = { role: 'model', parts: [call] };
    const user = { role: 'user', parts: [result] };
    const { candidates } = await ask({ contents: [question, model, user], tools: [WEATHER] });
    expect(candidates[0].content.parts[0].text).toBe('The tool answered: {"sky":"blue"}');
  });

  test('of a thinking model must come back with their signature', async () => {
    const generationConfig = { thinkingConfig: {} };
    const more = { tools: [WEATHER], generationConfig };
    const { candidates } = await ask(prompt('get_weather', more));
    const signed = { role: 'model', parts: candidates[0].content.parts };
    const unsigned = { role: 'model', parts: [call] };
    const user = { role: 'user', parts: [result] };
    const lost = await ask({ contents: [question, unsigned, user], ...more });
    expect(lost.error.message).toMatch(/missing a thought_signature/u);
    const kept = await ask({ contents: [question, signed, user], ...more });
    expect(kept.candidates[0].finishReason).toBe('STOP');
    const old = await ask({ contents: [question, unsigned, user, question], ...more });
    expect(old.candidates[0].finishReason).toBe('STOP');
  });

  test.for([
    ['a result without a call', [question, { parts: [result] }]],
    ['too few results', [question, { role: 'model', parts: [call, call] }, { parts: [result] }]],
    ['no result', [question, { role: 'model', parts: [call] }, question]],
  ] as const)('are refused with %s', async ([, contents]) => {
    const { error } = await ask({ contents, tools: [WEATHER] });
    expect(error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(/^Please ensure that (the number of )?function response/u);
  });
});

describe('safety', () => {
  test('a blocked prompt has no candidates', async () => {
    const client = await startGemini();
    const response = await client.call('generateContent', prompt('so [[content_filter]] bad'));
    expect(await response.json()).toEqual({
      promptFeedback: { blockReason: 'SAFETY', safetyRatings: expect.any(Array) },
      usageMetadata: {
        promptTokenCount: 7,
        totalTokenCount: 7,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 7 }],
      },
      modelVersion: 'sim-chat',
      responseId: expect.any(String),
    });
    expect(client.entries()[0]).toMatchObject({ outcome: 'bought', outputTokens: 0 });
  });

  test('a blocked answer is a candidate without content', async () => {
    const { candidates } = await ask(prompt('[[unsafe_answer]]'));
    expect(candidates).toEqual([
      { finishReason: 'SAFETY', safetyRatings: expect.any(Array), index: 0 },
    ]);
    const chunks = await stream(prompt('[[unsafe_answer]]'));
    expect(chunks.map((chunk) => chunk.candidates[0])).toEqual(candidates);
  });

  test('a blocked prompt is one chunk of a stream', async () => {
    const chunks = await stream(prompt('[[content_filter]]'));
    expect(chunks).toHaveLength(1);
    expect(chunks[0].promptFeedback.blockReason).toBe('SAFETY');
  });
});

describe('a stream', () => {
  test('sends the text, growing counts, and the reason in a last empty part', async () => {
    const chunks = await stream(prompt('hello there'));
    expect(chunks.map(({ candidates }) => candidates[0])).toEqual([
      { content: { parts: [{ text: 'You' }], role: 'model' }, index: 0 },
      { content: { parts: [{ text: ' said:' }], role: 'model' }, index: 0 },
      { content: { parts: [{ text: ' hello' }], role: 'model' }, index: 0 },
      { content: { parts: [{ text: ' there' }], role: 'model' }, index: 0 },
      { content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 },
    ]);
    const counts = chunks.map(({ usageMetadata }) => usageMetadata.candidatesTokenCount);
    expect(counts).toEqual([1, 3, 4, 6, 6]);
  });

  test('sends thoughts first and a function call whole', async () => {
    const thinkingConfig = { includeThoughts: true };
    const body = prompt('get_weather', { tools: [WEATHER], generationConfig: { thinkingConfig } });
    const parts = (await stream(body)).map(({ candidates }) => candidates[0].content.parts);
    expect(parts).toEqual([
      [{ text: 'Thinking', thought: true }],
      [{ text: ' about:', thought: true }],
      [{ text: ' get_weather', thought: true }],
      [
        {
          functionCall: { name: 'get_weather', args: { city: 'get_weather' } },
          thoughtSignature: expect.any(String),
        },
      ],
      undefined,
    ]);
  });

  test('is one JSON array without alt=sse', async () => {
    const client = await startGemini();
    const response = await client.call('streamGenerateContent', prompt('hello there'));
    expect(response.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    const chunks = await response.json();
    expect(chunks).toHaveLength(5);
    expect(chunks[4].candidates[0].finishReason).toBe('STOP');
  });

  test('that its client leaves is billed in part', async () => {
    const client = await startGemini();
    client.simulator.state.behaviour.set({ chunkDelayMs: 10_000 });
    const leave = new AbortController();
    const response = await client.call('streamGenerateContent?alt=sse', prompt('hello there'), {
      signal: leave.signal,
    });
    await response.body?.getReader().read();
    leave.abort();
    await expect.poll(() => client.entries()[0]).toMatchObject({ outcome: 'aborted' });
    expect(client.entries()[0]?.outputTokens).toBe(1);
  });
});

describe('a wrong request', () => {
  test.for([
    ['no JSON', 'nonsense', 'Invalid JSON payload'],
    ['an unknown name', prompt('x', { foo: 1 }), 'Unknown name "foo": Cannot find field.'],
    [
      'an unknown option',
      prompt('x', { generationConfig: { top_q: 1 } }),
      `Unknown name "topQ" at 'generation_config': Cannot find field.`,
    ],
    ['no contents', {}, 'contents is not specified'],
    ['a role of OpenAI', { contents: [{ role: 'assistant' }] }, 'Please use a valid role'],
    ['no parts', { contents: [{ parts: [] }] }, 'contents.parts must not be empty'],
    ['a part without data', { contents: [{ parts: [{}] }] }, "required oneof field 'data'"],
    [
      'a temperature above 2',
      prompt('x', { generationConfig: { temperature: 3 } }),
      'temperature must be in the range [0, 2]',
    ],
    [
      'a text as number',
      prompt('x', { generationConfig: { maxOutputTokens: '9' } }),
      "Invalid value at 'generation_config.max_output_tokens'",
    ],
    [
      'six stop sequences',
      prompt('x', { generationConfig: { stopSequences: 'abcdef'.split('') } }),
      'stop sequences must be in the range [0, 5]',
    ],
    [
      'a schema for plain text',
      prompt('x', { generationConfig: { responseSchema: { type: 'STRING' } } }),
      'response mime type must be set to "application/json"',
    ],
    [
      'a wrong function name',
      prompt('x', { tools: [{ functionDeclarations: [{ name: 'a b' }] }] }),
      'Invalid function name',
    ],
    [
      'a prompt that is too long',
      prompt('x'.repeat(600_000)),
      'The input token count (150000) exceeds the maximum number of tokens allowed (131072).',
    ],
  ] as const)('with %s is INVALID_ARGUMENT', async ([, body, message]) => {
    const client = await startGemini();
    const response = await client.call('generateContent', body);
    const { error } = await response.json();
    expect(response.status).toBe(400);
    expect(error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    expect(error.message).toContain(message);
    expect(client.entries()[0]?.outcome).toBe('rejected');
  });

  test('names the field that is not known in its details', async () => {
    const { error } = await ask(prompt('x', { foo: 1 }));
    expect(error.details[0]['@type']).toBe('type.googleapis.com/google.rpc.BadRequest');
  });

  test('for a cached content is PERMISSION_DENIED', async () => {
    const { error } = await ask(prompt('x', { cachedContent: 'cachedContents/a' }));
    expect(error).toMatchObject({ code: 403, status: 'PERMISSION_DENIED' });
  });
});
