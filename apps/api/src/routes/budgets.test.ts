import { BudgetBook } from '@sluice/metering';
import { createLogger, systemClock } from '@sluice/runtime';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { expect, test } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { chatBody, startTestApi } from '../testing/start-test-api.ts';

async function setUp() {
  const api = await startTestApi();
  const { redis, config } = api;
  const { root } = config;
  const log = createLogger({ name: 'test', level: 'silent' });
  const deps = { redis, root, clock: systemClock, log };
  const book = new BudgetBook({ ...deps, configured: {} });
  await createTenants(deps).create({ id: 'acme' });
  const key = await createApiKeys(deps).create({ tenant_id: 'acme', scopes: ['submit', 'usage'] });
  const asAcme = { authorization: `Bearer ${key.key}` };
  const set = (body: unknown) =>
    api.call('/v1/budgets', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const spend = async (costUsd: string) => {
    const entry = {
      jobId: 'job_1',
      call: 1,
      atMs: Date.now(),
      tenantId: 'acme',
      keyId: key.id,
      type: 'chat',
      name: 'test-chat',
      provider: 'test',
      model: 'm',
      outcome: 'succeeded',
      costUsd,
      durationMs: 1,
    } as const;
    await book.spend({ shard: 0, fromId: '0', toId: '1-0', entries: [entry] });
  };
  return { api, key, asAcme, set, spend };
}

test('a budget shows what is spent of it and what is left', async () => {
  const { api, set, spend, asAcme, key } = await setUp();
  await spend('0.25');
  const reply = await set({ scope: 'tenant', id: 'acme', daily_usd: 1 });
  expect(await reply.json()).toMatchObject({
    object: 'budget',
    scope: 'tenant',
    id: 'acme',
    limits: { daily_usd: 1 },
    daily: { spent_usd: '0.25', remaining_usd: '0.75' },
    monthly: { spent_usd: '0.25', remaining_usd: null },
    reserved_usd: '0',
  });
  await set({ scope: 'provider', id: 'test', monthly_usd: 100 });
  await set({ scope: 'key', id: key.id, monthly_usd: 10 });
  const list = async (headers = {}) => {
    const page = (await (await api.call('/v1/budgets', { headers })).json()) as {
      data: { scope: string }[];
    };
    return page.data.map(({ scope }) => scope);
  };
  expect(await list()).toEqual(['key', 'provider', 'tenant']);
  expect(await list(asAcme)).toEqual(['key', 'tenant']);
  const deleted = await api.call('/v1/budgets/provider/test', { method: 'DELETE' });
  expect(deleted.status).toBe(200);
  expect(await list()).toEqual(['key', 'tenant']);
});

test('when all is spent a job is refused with 402, and no SDK shall try again', async () => {
  const { api, set, spend, asAcme } = await setUp();
  await set({ scope: 'tenant', id: 'acme', daily_usd: 1 });
  expect((await api.submit(chatBody, asAcme)).status).toBe(202);
  await spend('1');
  await set({ scope: 'tenant', id: 'acme', daily_usd: 1 });
  const refused = await api.submit(chatBody, asAcme);
  expect(refused.headers.get('x-should-retry')).toBe('false');
  const { message } = await expectError(refused, 402, 'budget_exceeded');
  expect(message).toContain('daily budget of tenant acme');
  expect((await api.submit(chatBody)).status).toBe(202);
});

test('jobs of a tenant are as large as it may have them, and a chat gets the most output there is', async () => {
  const { api, set, asAcme } = await setUp();
  await set({ scope: 'tenant', id: 'acme', max_input_tokens: 50, max_output_tokens: 100 });
  const chat = (input: object) => api.submit({ ...chatBody, input }, asAcme);
  const { messages } = chatBody.input;
  const accepted = (await (await chat({ messages })).json()) as { id: string };
  expect(await api.records.read(accepted.id)).toMatchObject({
    input: { max_completion_tokens: 100 },
  });
  const long = [{ role: 'user', content: 'word '.repeat(100) }];
  const large = await expectError(await chat({ messages: long }), 400, 'invalid_request');
  expect(large).toMatchObject({ param: 'input' });
  const greedy = await chat({ messages, max_tokens: 101 });
  expect(await expectError(greedy, 400, 'invalid_request')).toMatchObject({
    param: 'input.max_tokens',
  });
});

test.each([
  [{ scope: 'team', id: 'a' }, 400, 'invalid_request'],
  [{ scope: 'tenant', id: 'acme', daily_usd: -1 }, 400, 'invalid_request'],
  [{ scope: 'tenant', id: 'nobody', daily_usd: 1 }, 404, 'not_found'],
  [{ scope: 'provider', id: 'nobody', daily_usd: 1 }, 404, 'not_found'],
])('%j is refused', async (body, status, code) => {
  const { set } = await setUp();
  await expectError(await set(body), status, code);
});
