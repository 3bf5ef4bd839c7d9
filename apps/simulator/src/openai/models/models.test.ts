import { expect, test } from 'vitest';
import { startSimulator } from '../../test-client.ts';

test('models are listed and described in the vendor form', async () => {
  const client = await startSimulator();
  const list = await (await client.get('/openai/v1/models')).json();
  expect(list.object).toBe('list');
  expect(list.data.map((model: { id: string }) => model.id)).toEqual([
    'sim-chat',
    'sim-chat-large',
    'sim-embedding',
    'sim-transcription',
    'sim-transcription-tokens',
    'sim-rerank',
  ]);
  const model = await (await client.get('/openai/v1/models/sim-chat-canary')).json();
  expect(model).toEqual({
    id: 'sim-chat-canary',
    object: 'model',
    created: expect.any(Number),
    owned_by: 'sluice-simulator',
  });
  expect(client.entries().map(({ outcome }) => outcome)).toEqual(['served', 'served']);
});

test('a variant of a model is billed like the longest name it begins with', async () => {
  const client = await startSimulator();
  for (const model of ['sim-chat-canary', 'sim-chat-large-canary']) {
    const messages = [{ role: 'user', content: 'hello' }];
    await client.post('/openai/v1/chat/completions', { model, messages });
  }
  const [small, large] = client.entries();
  expect(small?.costUsd).toBeCloseTo((2 * 0.15 + 4 * 0.6) / 1e6, 12);
  expect(large?.costUsd).toBeCloseTo((2 * 2.5 + 4 * 10) / 1e6, 12);
});

test('an unknown model is not found', async () => {
  const client = await startSimulator();
  const response = await client.get('/openai/v1/models/gpt-9');
  expect(response.status).toBe(404);
  expect((await response.json()).error.code).toBe('model_not_found');
});
