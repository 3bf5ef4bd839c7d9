import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';
import { embed, toWords } from './embed.ts';

const EMBEDDINGS = '/openai/v1/embeddings';

describe('an embedding call', () => {
  test('is answered in the vendor form', async () => {
    const client = await startSimulator();
    const body = { model: 'sim-embedding', input: ['hello there', 'good bye'], dimensions: 4 };
    const response = await client.post(EMBEDDINGS, body);
    expect(await response.json()).toEqual({
      object: 'list',
      data: [0, 1].map((index) => ({
        object: 'embedding',
        index,
        embedding: expect.arrayContaining([expect.any(Number)]),
      })),
      model: 'sim-embedding',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
    expect(client.entries()[0]).toMatchObject({
      kind: 'embedding',
      outcome: 'bought',
      inputTokens: 5,
      outputTokens: 0,
      reservedTokens: 5,
    });
  });

  test('gives the same numbers as base64 of little-endian floats', async () => {
    const client = await startSimulator();
    const ask = async (format: string) => {
      const body = { model: 'sim-embedding', input: 'hello', encoding_format: format };
      return (await (await client.post(EMBEDDINGS, body)).json()).data[0].embedding;
    };
    const floats = await ask('float');
    const bytes = Buffer.from(await ask('base64'), 'base64');
    expect(floats).toHaveLength(256);
    expect(Array.from(floats, (_, index) => bytes.readFloatLE(index * 4))).toEqual(floats);
  });

  test.for([
    ['one list of tokens', [1, 2, 3], 1, 3],
    ['lists of tokens', [[1, 2], [3]], 2, 3],
    ['one text', 'four', 1, 1],
  ] as const)('takes %s', async ([, input, count, tokens]) => {
    const client = await startSimulator();
    const response = await client.post(EMBEDDINGS, { model: 'sim-embedding', input });
    const { data, usage } = await response.json();
    expect(data).toHaveLength(count);
    expect(usage.total_tokens).toBe(tokens);
  });

  test.for([
    ['no input', { model: 'sim-embedding' }, 400, 'input'],
    ['no model', { input: 'x' }, 400, null],
    ['a chat model', { model: 'sim-chat', input: 'x' }, 404, null],
    ['an empty text', { model: 'sim-embedding', input: '' }, 400, 'input'],
    ['an empty list', { model: 'sim-embedding', input: [] }, 400, 'input'],
    ['a long text', { model: 'sim-embedding', input: 'x'.repeat(40_000) }, 400, 'input'],
    ['many texts', { model: 'sim-embedding', input: Array(2049).fill('x') }, 400, 'input'],
    ['no dimensions', { model: 'sim-embedding', input: 'x', dimensions: 0 }, 400, 'dimensions'],
    [
      'an unknown format',
      { model: 'sim-embedding', input: 'x', encoding_format: 'hex' },
      400,
      'encoding_format',
    ],
  ] as const)('with %s is refused', async ([, body, status, param]) => {
    const client = await startSimulator();
    const response = await client.post(EMBEDDINGS, body);
    expect(response.status).toBe(status);
    expect((await response.json()).error.param).toBe(param);
  });
});

describe('a vector', () => {
  const similarity = (a: string, b: string) => {
    const [left, right] = [embed(toWords(a), 256), embed(toWords(b), 256)];
    return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  };

  test('has length one, also of a text without words', () => {
    expect(similarity('hello there', 'hello there')).toBeCloseTo(1);
    expect(similarity('…', '…')).toBeCloseTo(1);
  });

  test('is close to that of a text with the same words, far from others', () => {
    expect(
      similarity('how do I reset my password', 'How can I reset my password?'),
    ).toBeGreaterThan(0.7);
    expect(similarity('how do I reset my password', 'weather in Paris')).toBeLessThan(0.3);
  });
});
