import { describe, expect, test } from 'vitest';
import type { FaultScript } from '../faults/fault-schema.ts';
import { parseStream, prompt, startGemini } from './gemini-client.ts';
import { formatDelay } from './rate-limit.ts';

const STREAM = 'streamGenerateContent?alt=sse';

describe('the key', () => {
  test('is asked for with 403, and refused with 400 API_KEY_INVALID', async () => {
    const client = await startGemini();
    const missing = await client.call('generateContent', prompt('x'), { key: '' });
    expect(missing.status).toBe(403);
    expect((await missing.json()).error.status).toBe('PERMISSION_DENIED');
    const wrong = await client.call('generateContent', prompt('x'), { key: 'invalid-key' });
    expect(wrong.status).toBe(400);
    expect((await wrong.json()).error).toMatchObject({
      status: 'INVALID_ARGUMENT',
      details: [{ reason: 'API_KEY_INVALID' }],
    });
  });
});

describe('a model or route that does not exist', () => {
  test.for([
    ['an unknown model', '/gemini/v1beta/models/nothing:generateContent', 'models/nothing is not'],
    ['an embedding model', '/gemini/v1beta/models/sim-embedding:generateContent', 'not supported'],
    ['an unknown verb', '/gemini/v1beta/models/sim-chat:sing', 'Requested entity'],
  ] as const)('%s is NOT_FOUND', async ([, path, message]) => {
    const client = await startGemini();
    const response = await client.call(path, prompt('x'));
    expect(response.status).toBe(404);
    const { error } = await response.json();
    expect(error.status).toBe('NOT_FOUND');
    expect(error.message).toContain(message);
  });
});

describe('limits', () => {
  test('count input tokens only, and tell the wait in RetryInfo alone', async () => {
    const client = await startGemini();
    client.simulator.state.limits.set({ tokens: [{ limit: 5, windowMs: 60_000 }] });
    const body = prompt('hello there', { generationConfig: { maxOutputTokens: 1000 } });
    expect((await client.call('generateContent', body)).status).toBe(200);
    const limited = await client.call('generateContent', body);
    expect(limited.status).toBe(429);
    expect([...limited.headers.keys()].filter((name) => /retry|ratelimit/u.test(name))).toEqual([]);
    const { error } = await limited.json();
    expect(error.status).toBe('RESOURCE_EXHAUSTED');
    expect(error.message).toMatch(/limit: 5, model: sim-chat\nPlease retry in 5\d\.\d+s\.$/u);
    const [, failure, retry] = error.details;
    expect(failure.violations).toEqual([
      {
        quotaMetric:
          'generativelanguage.googleapis.com/generate_content_free_tier_input_token_count',
        quotaId: 'GenerateContentInputTokensPerModelPerMinute-FreeTier',
        quotaDimensions: { location: 'global', model: 'sim-chat' },
        quotaValue: '5',
      },
    ]);
    expect(retry).toEqual({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: expect.stringMatching(/^5\d\.\d+s$/u),
    });
    expect(client.entries()[1]?.outcome).toBe('limited');
  });

  test('per day are named so', async () => {
    const client = await startGemini();
    client.simulator.state.limits.set({ requests: [{ limit: 1, windowMs: 86_400_000 }] });
    await client.call('generateContent', prompt('x'));
    const { error } = await (await client.call('generateContent', prompt('x'))).json();
    expect(error.details[1].violations[0].quotaId).toBe(
      'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
    );
    expect(error.details[2].retryDelay).toMatch(/^86[34]\d\d(\.\d+)?s$/u);
  });

  test('that can never be met have no RetryInfo', async () => {
    const client = await startGemini();
    client.simulator.state.limits.set({ tokens: [{ limit: 1, windowMs: 60_000 }] });
    const { error } = await (await client.call('generateContent', prompt('hello'))).json();
    expect(error.details).toHaveLength(2);
    expect(error.message).not.toContain('retry in');
  });

  test('of open calls have no details', async () => {
    const client = await startGemini();
    client.simulator.state.limits.set({ concurrency: 1 });
    client.simulator.state.behaviour.set({ latencyMs: 200 });
    const first = client.call('generateContent', prompt('x'));
    await expect.poll(() => client.entries().length).toBe(1);
    const { error } = await (await client.call('generateContent', prompt('x'))).json();
    expect(error).toEqual({
      code: 429,
      status: 'RESOURCE_EXHAUSTED',
      message: 'Resource has been exhausted (e.g. check quota).',
    });
    expect((await first).status).toBe(200);
  });

  test.for([
    [37_000, '37s'],
    [37_408.2, '37.409s'],
    [0.5, '0.001s'],
  ] as const)('of %d ms ask to wait %s', ([waitMs, text]) => {
    expect(formatDelay(waitMs)).toBe(text);
  });
});

describe('faults', () => {
  test.for([
    [500, 'INTERNAL'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
    [429, 'RESOURCE_EXHAUSTED'],
  ] as const)('of status %d are %s', async ([status, name]) => {
    const client = await startGemini();
    client.simulator.state.faults.add({ fault: { kind: 'status', status } });
    const response = await client.call('generateContent', prompt('x'));
    expect(response.status).toBe(status);
    expect((await response.json()).error).toMatchObject({ code: status, status: name });
  });

  test('of status 502 are a page of the gateway', async () => {
    const client = await startGemini();
    client.simulator.state.faults.add({ fault: { kind: 'status', status: 502 } });
    const response = await client.call('generateContent', prompt('x'));
    expect(response.headers.get('content-type')).toContain('text/html');
  });

  async function streamWith(fault: FaultScript['fault']): Promise<string> {
    const client = await startGemini();
    client.simulator.state.faults.add({ fault });
    const text = await (await client.call(STREAM, prompt('hello there'))).text();
    await expect.poll(() => client.entries()[0]?.outcome).not.toBe('open');
    return text;
  }

  test('cut a stream before its finishReason', async () => {
    const chunks = parseStream(await streamWith({ kind: 'truncate', afterChunks: 2 }));
    expect(chunks).toHaveLength(2);
    expect(chunks.some(({ candidates }) => 'finishReason' in candidates[0])).toBe(false);
  });

  test('send an error as a chunk', async () => {
    const chunks = parseStream(await streamWith({ kind: 'error-event', afterChunks: 1 }));
    expect(chunks).toHaveLength(2);
    expect(chunks[1].error).toMatchObject({ code: 503, status: 'UNAVAILABLE' });
  });

  test('send comments while nothing else comes', async () => {
    const text = await streamWith({ kind: 'keep-alive', intervalMs: 5, durationMs: 20 });
    expect(text).toMatch(/^(: keep-alive\r\n\r\n)+$/u);
  });

  test('split a stream anywhere', async () => {
    expect(parseStream(await streamWith({ kind: 'split' }))).toHaveLength(5);
  });

  test('break the JSON of a chunk', async () => {
    const text = await streamWith({ kind: 'malformed-json', atChunk: 1 });
    expect(() => parseStream(text)).toThrow(SyntaxError);
  });
});

describe('embeddings', () => {
  const EMBED = '/gemini/v1beta/models/sim-embedding:embedContent';
  const BATCH = '/gemini/v1beta/models/sim-embedding:batchEmbedContents';
  const content = { parts: [{ text: 'hello there' }] };
  const request = { model: 'models/sim-embedding', content, outputDimensionality: 4 };

  test('come one by one and in batches, and are the same', async () => {
    const client = await startGemini();
    const one = await (await client.call(EMBED, request)).json();
    expect(one).toEqual({
      embedding: { values: [0, 0, 0, 0].map(() => expect.any(Number)) },
      usageMetadata: { promptTokenCount: 3 },
    });
    const batch = await (await client.call(BATCH, { requests: [request, request] })).json();
    expect(batch.embeddings).toEqual([one.embedding, one.embedding]);
    expect(client.entries().map(({ kind, inputTokens }) => [kind, inputTokens])).toEqual([
      ['embedding', 3],
      ['embedding', 6],
    ]);
  });

  test.for([
    ['no content', EMBED, {}],
    ['no dimensions', EMBED, { ...request, outputDimensionality: 0 }],
    ['an empty batch', BATCH, { requests: [] }],
    ['another model in the batch', BATCH, { requests: [{ ...request, model: 'models/x' }] }],
    ['101 requests', BATCH, { requests: Array.from({ length: 101 }, () => request) }],
  ] as const)('with %s are refused', async ([, path, body]) => {
    const client = await startGemini();
    expect((await client.call(path, body)).status).toBe(400);
  });
});

describe('what costs nothing', () => {
  const auth = { headers: { 'x-goog-api-key': 'key-1' } };

  test('the models come in pages', async () => {
    const client = await startGemini();
    const first = await (await client.get('/gemini/v1beta/models?pageSize=2', auth)).json();
    expect(first.models.map(({ name }: { name: string }) => name)).toEqual([
      'models/sim-chat',
      'models/sim-chat-large',
    ]);
    const path = `/gemini/v1beta/models?pageSize=2&pageToken=${first.nextPageToken}`;
    const second = await (await client.get(path, auth)).json();
    expect(second).toEqual({
      models: [
        expect.objectContaining({
          name: 'models/sim-embedding',
          supportedGenerationMethods: ['embedContent', 'countTokens'],
        }),
      ],
    });
    expect((await client.get('/gemini/v1beta/models/sim-chat', auth)).status).toBe(200);
    expect((await client.get('/gemini/v1beta/models/none', auth)).status).toBe(404);
  });

  test('tokens are counted as they will be billed', async () => {
    const client = await startGemini();
    const count = async (body: object) => (await client.call('countTokens', body)).json();
    expect(await count(prompt('hello there'))).toEqual({
      totalTokens: 3,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }],
    });
    const systemInstruction = { parts: [{ text: 'four' }] };
    const generateContentRequest = prompt('hello there', { systemInstruction });
    expect((await count({ generateContentRequest })).totalTokens).toBe(4);
    expect((await count({})).error.status).toBe('INVALID_ARGUMENT');
    expect(client.entries()[0]).toMatchObject({ kind: 'count-tokens', outcome: 'served' });
  });
});
