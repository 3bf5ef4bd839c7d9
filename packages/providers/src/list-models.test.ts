import { startReceiver } from '@sluice/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { targetOf } from './conformance/subject.ts';
import { createHttpClient } from './http/http-client.ts';
import { createAdapters } from './registry.ts';

const key = 'sk-0123456789-abcdef';

/** A provider of this kind whose upstream answers as told, and what it was asked. */
async function scripted(kind: string, options: { base?: string } = {}) {
  const upstream = await startReceiver();
  onTestFinished(() => upstream.close());
  const { provider } = targetOf(kind, upstream.url);
  const baseUrl = `${upstream.url}${options.base ?? ''}`;
  const call = {
    provider: { ...provider, baseUrl },
    apiKey: key,
    signal: new AbortController().signal,
  };
  const http = createHttpClient({ connections: { allowPrivateHosts: ['127.0.0.1'] } });
  return { upstream, call, adapter: createAdapters(http)(kind) };
}

const json = (value: unknown, status = 200) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

interface ListCase {
  kind: string;
  base?: string;
  page?: string;
  path: string;
  header: string;
  answer: unknown;
  gives: unknown;
}

const ids = { object: 'list', data: [{ id: 'm-1', object: 'model' }, { id: 'm-2' }] };
const both = { models: [{ id: 'm-1' }, { id: 'm-2' }] };

const lists: ListCase[] = [
  {
    kind: 'openai',
    base: '/v1',
    path: '/v1/models',
    header: 'authorization',
    answer: ids,
    gives: both,
  },
  {
    kind: 'openai-compatible',
    base: '/v1',
    path: '/v1/models',
    header: 'authorization',
    answer: [
      { id: 'served', max_model_len: 4096 },
      { id: 'routed', context_length: 200_000, max_model_len: null },
    ],
    gives: {
      models: [
        { id: 'served', contextWindow: 4096 },
        { id: 'routed', contextWindow: 200_000 },
      ],
    },
  },
  {
    kind: 'azure-openai',
    base: '/openai/v1',
    path: '/openai/v1/models',
    header: 'api-key',
    answer: ids,
    gives: both,
  },
  {
    kind: 'azure-openai',
    path: '/openai/models?api-version=2024-10-21',
    header: 'api-key',
    answer: ids,
    gives: both,
  },
  {
    kind: 'anthropic',
    path: '/v1/models?limit=1000',
    header: 'x-api-key',
    answer: {
      data: [{ type: 'model', id: 'c-1', max_input_tokens: 200_000, max_tokens: 64_000 }],
      has_more: true,
      last_id: 'c-1',
    },
    gives: {
      models: [{ id: 'c-1', contextWindow: 200_000, maxOutputTokens: 64_000 }],
      next: 'c-1',
    },
  },
  {
    kind: 'anthropic',
    base: '/v1',
    page: 'c-1',
    path: '/v1/models?limit=1000&after_id=c-1',
    header: 'x-api-key',
    answer: { data: [{ id: 'c-2' }], has_more: false, last_id: 'c-2' },
    gives: { models: [{ id: 'c-2' }] },
  },
  {
    kind: 'gemini',
    path: '/v1beta/models?pageSize=1000',
    header: 'x-goog-api-key',
    answer: {
      models: [{ name: 'models/g-1', inputTokenLimit: 1_000_000, outputTokenLimit: 8_192 }],
      nextPageToken: 'two words&',
    },
    gives: {
      models: [{ id: 'g-1', contextWindow: 1_000_000, maxOutputTokens: 8_192 }],
      next: 'two words&',
    },
  },
  {
    kind: 'gemini',
    page: 'two words&',
    path: '/v1beta/models?pageSize=1000&pageToken=two+words%26',
    header: 'x-goog-api-key',
    answer: {},
    gives: { models: [] },
  },
  {
    kind: 'ollama',
    path: '/api/tags',
    header: 'authorization',
    answer: { models: [{ name: 'llama3.2:latest', size: 1 }] },
    gives: { models: [{ id: 'llama3.2:latest' }] },
  },
];

describe('a page of models', () => {
  it.each(lists)('of $kind is one GET of $path', async ({ kind, base, page, ...expected }) => {
    const { upstream, call, adapter } = await scripted(kind, { ...(base && { base }) });
    upstream.script(json(expected.answer));
    expect(await adapter.listModels?.({ ...call, page })).toEqual(expected.gives);
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: expected.path });
    const sent = upstream.requests[0]?.headers[expected.header];
    expect(sent).toBe(expected.header === 'authorization' ? `Bearer ${key}` : key);
  });

  it.each([...new Set(lists.map(({ kind }) => kind))])(
    'that %s refuses or garbles is an error of the one table, without the key',
    async (kind) => {
      const { upstream, call, adapter } = await scripted(kind);
      upstream.script(
        json({ error: { message: `bad key ${key}` } }, 401),
        json({ data: 7, models: 7 }),
      );
      const refusal = adapter.listModels?.(call);
      await expect(refusal).rejects.toMatchObject({ code: 'upstream_auth', upstreamStatus: 401 });
      await expect(refusal).rejects.not.toThrow(key);
      await expect(adapter.listModels?.(call)).rejects.toMatchObject({ code: 'bad_upstream' });
    },
  );
});

describe("a Dify app's key", () => {
  it('is accepted when the app tells its name', async () => {
    const { upstream, call, adapter } = await scripted('dify', { base: '/v1' });
    upstream.script(json({ name: 'support', mode: 'chat' }));
    await adapter.checkCredentials?.(call);
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: '/v1/info' });
    expect(upstream.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  });

  it('is refused in the words of Dify', async () => {
    const { upstream, call, adapter } = await scripted('dify', { base: '/v1' });
    const message = 'Access token is invalid';
    upstream.script(json({ code: 'unauthorized', message, status: 401 }, 401));
    const check = adapter.checkCredentials?.(call);
    await expect(check).rejects.toMatchObject({ code: 'upstream_auth' });
    await expect(check).rejects.toThrow(message);
  });
});
