import type { LedgerEntry } from '@sluice/contracts';
import { createUsageBook } from '@sluice/metering';
import { systemClock } from '@sluice/runtime';
import { createApiKeys, createTenants } from '@sluice/tenants';
import { describe, expect, test } from 'vitest';

import { expectError } from '../testing/expect-error.ts';
import { startTestApi } from '../testing/start-test-api.ts';

const entry: LedgerEntry = {
  jobId: 'job_1',
  call: 1,
  atMs: Date.now(),
  tenantId: 'default',
  keyId: 'admin',
  type: 'chat',
  name: 'test-chat',
  provider: 'test',
  model: 'm',
  user: '=ada, "the" user',
  metadata: { team: 'red' },
  outcome: 'succeeded',
  usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15, source: 'provider' },
  costUsd: '0.00001234',
  durationMs: 20,
};

async function setUp() {
  const api = await startTestApi();
  const { redis, config } = api;
  const deps = { redis, root: config.root, clock: systemClock };
  const usage = createUsageBook({ ...deps, shards: 1, maxRows: 100 });
  const other = { ...entry, tenantId: 'acme', outcome: 'cached' as const, costUsd: '0' };
  const saved = { tokens: 15, usd: '0.00001234' };
  const entries = [entry, entry, { ...other, saved }];
  await usage.count({ shard: 0, fromId: '0', toId: '1-0', entries });
  await createTenants(deps).create({ id: 'acme' });
  const issued = await createApiKeys(deps).create({ tenant_id: 'acme', scopes: ['usage'] });
  const asAcme = { headers: { authorization: `Bearer ${issued.key}` } };
  const json = async (path: string, init = {}) => await (await api.call(path, init)).json();
  return { api, asAcme, json };
}

const iso = (ms: number) => new Date(ms).toISOString();

test('usage is a page of buckets, by whatever is asked, with exact costs', async () => {
  const { json } = await setUp();
  const today = Math.floor(entry.atMs / 86_400_000) * 86_400_000;
  const page = await json(`/v1/usage?group_by=tenant,model&from=${today / 1_000}`);
  const result = {
    object: 'usage.result',
    tenant_id: 'default',
    model: 'test-chat',
    num_model_requests: 2,
    num_cache_hits: 0,
    input_tokens: 20,
    output_tokens: 10,
    cost_usd: '0.00002468',
    cost_unknown_requests: 0,
  };
  expect(page).toMatchObject({ object: 'page', has_more: false, next_page: null });
  expect(page).toMatchObject({
    data: [
      {
        object: 'bucket',
        start_time: today / 1_000,
        end_time: today / 1_000 + 86_400,
        results: [
          result,
          { tenant_id: 'acme', num_cache_hits: 1, cost_usd: '0', saved_usd: '0.00001234' },
        ],
      },
    ],
  });
});

test('pages follow on each other', async () => {
  const { json } = await setUp();
  const first = await json(`/v1/usage?interval=1h&limit=2&from=${iso(entry.atMs - 7_200_000)}`);
  expect(first).toMatchObject({ data: [{ results: [] }, { results: [] }], has_more: true });
  const { next_page: page } = first as { next_page: string };
  const next = await json(`/v1/usage?interval=1h&limit=2&page=${page}`);
  expect(next).toMatchObject({ data: [{ results: [{ num_model_requests: 2 }] }], has_more: false });
});

test('a tenant sees its own usage and nobody else’s', async () => {
  const { api, json, asAcme } = await setUp();
  const own = await json('/v1/usage?interval=all&group_by=tenant', asAcme);
  expect(own).toMatchObject({ data: [{ results: [{ tenant_id: 'acme' }] }] });
  expect((own as { data: [{ results: unknown[] }] }).data[0].results).toHaveLength(1);
  const foreign = await api.call('/v1/usage?tenant=default', asAcme);
  await expectError(foreign, 403, 'insufficient_scope');
});

test('CSV quotes what needs it and lets no spreadsheet take a user for a formula', async () => {
  const { api } = await setUp();
  const path = '/v1/usage?interval=all&group_by=user&tenant=default';
  const reply = await api.call(path, { headers: { accept: 'text/csv' } });
  expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [head, line, ...rest] = (await reply.text()).split('\r\n');
  expect(head).toMatch(/^start_time,end_time,user_id,num_model_requests,/);
  expect(line).toContain(`,"'=ada, ""the"" user",2,`);
  expect(line).toContain(',0.00002468,');
  expect(rest).toEqual(['']);
});

test('JSON lines have one result each', async () => {
  const { api } = await setUp();
  const reply = await api.call('/v1/usage?interval=1d&group_by=tag&format=jsonl&tenant=default');
  const lines = (await reply.text()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { tag: 'team=red', num_model_requests: 2 },
  ]);
});

test.each([
  ['group_by=colour', 'group_by'],
  ['group_by=user,tag', 'group_by'],
  ['group_by=user&tag=team=red', 'group_by'],
  ['interval=1w', 'interval'],
  ['from=yesterday', 'from'],
  ['interval=1m&from=2020-01-01T00:00:00Z', 'from'],
  ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
  ['limit=0', 'limit'],
  ['format=xml', 'format'],
  ['since=1', 'since'],
])('%s is refused and names %s', async (query, param) => {
  const api = await startTestApi();
  const reply = await api.call(`/v1/usage?${query}`);
  expect((await expectError(reply, 400, 'invalid_request')).param).toBe(param);
});

describe('GET /v1/usage/ledger', () => {
  const hourMs = 3_600_000;
  const request = {
    type: 'chat' as const,
    model: 'test-chat',
    input: { messages: [] },
    priority: 'normal' as const,
    lane: 'chat-lane',
    createdAtMs: entry.atMs,
    startByMs: entry.atMs + hourMs,
    deadlineMs: entry.atMs + hourMs,
    attemptTimeoutMs: 1_000,
    cacheMode: 'default' as const,
  };

  /** A call each of two tenants in the ledger. */
  async function book() {
    const { api, asAcme } = await setUp();
    for (const tenantId of ['default', 'acme']) {
      const jobId = api.records.newJobId();
      await api.records.accept({ ...request, jobId, tenantId });
      await api.records.bookCall(jobId, { ...entry, jobId, tenantId, atMs: Date.now() });
    }
    return { api, asAcme };
  }

  test('every call is a line, exact to the last digit; a key sees those of its tenant', async () => {
    const { api, asAcme } = await book();
    const lines = async (path: string, init = {}) => {
      const reply = await api.call(`/v1/usage/ledger${path}`, init);
      expect(reply.headers.get('content-type')).toBe('application/jsonl');
      const text = (await reply.text()).trim();
      return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as unknown);
    };
    expect(await lines('')).toMatchObject([
      {
        tenant_id: 'default',
        model: 'test-chat',
        upstream_model: 'm',
        outcome: 'succeeded',
        input_tokens: 10,
        output_tokens: 5,
        cost_usd: '0.00001234',
        metadata: '{"team":"red"}',
        saved_usd: null,
      },
      { tenant_id: 'acme' },
    ]);
    expect(await lines('?tenant=acme')).toHaveLength(1);
    expect(await lines('', asAcme)).toMatchObject([{ tenant_id: 'acme' }]);
    const foreign = await api.call('/v1/usage/ledger?tenant=default', asAcme);
    await expectError(foreign, 403, 'insufficient_scope');
    expect(
      await lines(`?from=${iso(Date.now() + hourMs)}&to=${iso(Date.now() + 2 * hourMs)}`),
    ).toEqual([]);
  });

  test('CSV has a line for the columns, and no formulas', async () => {
    const { api } = await book();
    const reply = await api.call('/v1/usage/ledger?format=csv&tenant=default');
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, line, ...rest] = (await reply.text()).split('\r\n');
    expect(head).toMatch(/^at,job_id,call,tenant_id,api_key_id,type,model,provider,/);
    expect(line).toContain(`,"'=ada, ""the"" user",`);
    expect(line).toContain(',0.00001234,');
    expect(rest).toEqual(['']);
  });

  test('more calls than are read at once come all, in their order', async () => {
    const { api } = await setUp();
    const jobId = api.records.newJobId();
    await api.records.accept({ ...request, jobId, tenantId: 'default' });
    const calls = Array.from({ length: 2_500 }, (_, i) => i + 1);
    await Promise.all(
      calls.map((call) => api.records.bookCall(jobId, { ...entry, jobId, call, atMs: Date.now() })),
    );
    const text = await (await api.call('/v1/usage/ledger')).text();
    const seen = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { call: number }).call);
    expect(seen).toEqual(calls);
  });

  test.each([
    ['from=yesterday', 'from'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['format=json', 'format'],
    ['group_by=user', 'group_by'],
  ])('%s is refused and names %s', async (query, param) => {
    const api = await startTestApi();
    const reply = await api.call(`/v1/usage/ledger?${query}`);
    expect((await expectError(reply, 400, 'invalid_request')).param).toBe(param);
  });
});
