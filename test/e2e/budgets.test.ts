import type { BatchResult, JobView } from '@sluice/contracts';
import { startReceiver, waitFor } from '@sluice/testing';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';

import { batchClient, chatLine } from '../support/batch-client.ts';
import { defaultConfig, useStack } from '../support/start-stack.ts';

/** Each call has about 10 tokens of input and exactly 10 of output, at 1,000 dollars a million: 0.02 dollars. */
const stack = useStack({
  workers: 2,
  config: (addresses) => ({
    ...defaultConfig(addresses),
    models: {
      chat: {
        targets: [{ provider: 'openai', model: 'sim-chat' }],
        price: { inputPerMillion: 1_000, outputPerMillion: 1_000 },
      },
      free: { targets: [{ provider: 'openai', model: 'sim-chat-unpriced' }] },
    },
    // Every process knows it from the start.
    budgets: { tenants: { batcher: { daily_usd: 0.07 }, inliner: { daily_usd: 0.07 } } },
  }),
});

const chat = (model = 'chat') => ({
  type: 'chat',
  model,
  input: { messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 10 },
});

async function spent(): Promise<number> {
  const { body } = await stack().request('GET', '/v1/budgets');
  const { data } = body as { data: { id: string; daily: { spent_usd: string } }[] };
  return Number(data.find(({ id }) => id === 'default')?.daily.spent_usd);
}

test('150 jobs at once against one dollar spend no more than it and one call', async () => {
  await stack().simulator.behaviour({
    reply: 'one two three four five six seven',
    chunkDelayMs: 5,
  });
  const budget = { scope: 'tenant', id: 'default', daily_usd: 1 };
  await stack().request('POST', '/v1/budgets', budget);
  const replies = await Promise.all(
    Array.from({ length: 150 }, () => stack().request('POST', '/v1/jobs', chat())),
  );
  const accepted = replies.filter(({ status }) => status === 202);
  expect(accepted.length).toBeGreaterThan(50);
  const jobs = await Promise.all(
    accepted.map(({ body }) => stack().ended((body as JobView).id, 90_000)),
  );
  const done = jobs.filter(({ state }) => state === 'completed');
  const codes = new Set(jobs.map(({ error }) => error?.code));
  expect(codes).toEqual(new Set([undefined, 'budget_exceeded']));
  const cost = done.reduce((sum, job) => sum + Number(job.cost_usd), 0);
  const dearest = Math.max(...done.map((job) => Number(job.cost_usd)));
  expect(cost).toBeLessThanOrEqual(1 + dearest);
  expect(cost).toBeGreaterThan(0.9);
  await waitFor(async () => Math.abs((await spent()) - cost) < 1e-9, { timeoutMs: 10_000 });
  expect(await stack().simulator.bought('chat')).toBe(done.length);
}, 120_000);

test('a call without a price is refused under a budget, and let through where that is allowed', async () => {
  const budget = { scope: 'tenant', id: 'default', monthly_usd: 1_000 };
  await stack().request('POST', '/v1/budgets', budget);
  const unpriced = { ...chat('free') };
  await waitFor(async () => {
    const job = await stack().ended((await stack().submit(unpriced)).id);
    return job.error?.code === 'budget_exceeded' && job.error.message.includes('not known');
  });
  await stack().request('POST', '/v1/budgets', { ...budget, allow_unknown_prices: true });
  await waitFor(async () => {
    const job = await stack().ended((await stack().submit(unpriced)).id);
    return job.state === 'completed' && job.cost_usd === 'unknown';
  });
}, 60_000);

/** A tenant with a budget of its own, and its key. */
async function openTenant(id: string) {
  await stack().request('POST', '/v1/admin/tenants', { id });
  const scopes = ['submit', 'webhooks', 'read', 'usage'];
  const issued = await stack().request('POST', '/v1/admin/keys', { tenant_id: id, scopes });
  const { key } = issued.body as { key: string };
  const allow = async (daily_usd: number) =>
    await stack().request('POST', '/v1/budgets', { scope: 'tenant', id, daily_usd });
  return { allow, authorization: `Bearer ${key}`, key };
}

/** A batch of a tenant's own, of lines that cost what {@link chat} costs. */
async function openBatch(key: string, count: number) {
  const batches = batchClient(() => stack().url, key);
  const lines = Array.from({ length: count }, (_, i) => {
    const line = chatLine(`line-${i}`, 'chat', 'Hello');
    return { ...line, body: { ...line.body, max_completion_tokens: 10 } };
  });
  const outcomeOf = async (id: string) => {
    const batch = await batches.ended(id, 60_000);
    const failed = await batches.linesOf(batch.error_file_id);
    return {
      counts: batch.request_counts,
      ids: new Set(await batches.idsOf(batch)).size,
      codes: [...new Set(failed.map(({ error }) => error?.code))],
    };
  };
  return { create: () => batches.createBatch(lines), outcomeOf };
}

test('a batch that runs into its budget ends its other lines, each once and for nothing, and the next is refused', async () => {
  await stack().simulator.behaviour({ reply: 'one two three four five six seven' });
  const { allow, authorization, key } = await openTenant('batcher');
  const { create, outcomeOf } = await openBatch(key, 12);
  const before = await stack().simulator.bought('chat');
  const { id } = await create();
  const { counts, ids, codes } = await outcomeOf(id);
  const bought = (await stack().simulator.bought('chat')) - before;
  expect({ counts, ids, codes }).toEqual({
    counts: { total: 12, completed: bought, failed: 12 - bought },
    ids: 12,
    codes: ['budget_exceeded'],
  });
  expect(bought).toBeGreaterThan(0);
  expect(bought).toBeLessThan(12);
  const ledger = async () => {
    const reply = await fetch(`${stack().url}/v1/usage/ledger`, { headers: { authorization } });
    const rows = (await reply.text()).split('\n').filter(Boolean);
    return rows.map((row) => Number((JSON.parse(row) as { cost_usd: string }).cost_usd));
  };
  const costs = await ledger();
  expect(costs).toHaveLength(bought);
  expect(costs.reduce((sum, cost) => sum + cost)).toBeLessThanOrEqual(0.07);

  await allow(0.01);
  const refusal = await waitFor(async () => {
    const error: unknown = await create().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof OpenAI.APIError && error;
  });
  expect(refusal).toMatchObject({ status: 402, code: 'budget_exceeded' });
  expect(refusal.headers?.get('x-should-retry')).toBe('false');
  const inline = { type: 'batch', input: { requests: [chat()] } };
  expect(await stack().request('POST', '/v1/jobs', inline, { authorization })).toMatchObject({
    status: 402,
    body: { error: { code: 'budget_exceeded' } },
  });
  expect(await ledger()).toEqual(costs);
}, 90_000);

test('requests that came with their batch end in it the same way', async () => {
  await stack().simulator.behaviour({ reply: 'one two three four five six seven' });
  const { authorization } = await openTenant('inliner');
  const before = await stack().simulator.bought('chat');
  const requests = Array.from({ length: 12 }, () => chat());
  const reply = await stack().request(
    'POST',
    '/v1/jobs',
    { type: 'batch', input: { requests } },
    { authorization, prefer: 'wait=30' },
  );
  const { result } = reply.body as JobView;
  const bought = (await stack().simulator.bought('chat')) - before;
  const { items, summary } = result as BatchResult;
  expect(summary).toMatchObject({ total: 12, succeeded: bought, failed: 12 - bought });
  expect(Number(summary.cost_usd)).toBeLessThanOrEqual(0.07);
  const codes = items.flatMap(({ error }) => error?.code ?? []);
  expect(codes).toEqual(Array.from({ length: 12 - bought }, () => 'budget_exceeded'));
  expect(bought).toBeGreaterThan(0);
  expect(bought).toBeLessThan(12);
}, 60_000);

test('shares of a budget reach the webhook of its tenant signed, under one id each, though a worker is killed', async () => {
  const hook = await startReceiver();
  onTestFinished(() => hook.close());
  const { authorization } = await openTenant('acme');
  const asked = { url: hook.url, events: ['budget.*'] };
  const made = await stack().request('POST', '/v1/webhooks', asked, { authorization });
  const reply = await stack().request('POST', '/v1/jobs?wait=20', chat(), { authorization });
  const jobId = (reply.body as JobView).id;
  await waitFor(async () => {
    const job = await stack().request('GET', `/v1/jobs/${jobId}`, undefined, { authorization });
    return (job.body as JobView).state === 'completed';
  });
  const job = await stack().request('GET', `/v1/jobs/${jobId}`, undefined, { authorization });
  const cost = Number((job.body as JobView).cost_usd);
  const budget = { scope: 'tenant', id: 'acme' };
  const half = await stack().request('POST', '/v1/budgets', { ...budget, daily_usd: cost * 1.5 });
  expect([made.status, cost > 0, half.status]).toEqual([201, true, 200]);
  await hook.waitForRequests(1, 10_000);
  stack().workers[0]?.kill('SIGKILL');
  await stack().request('POST', '/v1/budgets', { ...budget, daily_usd: cost });
  const { secret } = made.body as { secret: string };
  const events = () =>
    hook.requests.map(({ rawBody, headers }) => {
      // Requests of the receiver carry what was sent.
      const signed = headers as Record<string, string>;
      return new Webhook(secret).verify(rawBody.toString(), signed) as BudgetEvent;
    });
  const ids = () => new Set(events().map(({ id }) => id));
  await waitFor(() => ids().size === 3, { timeoutMs: 15_000 });
  const percents = new Map(events().map(({ type, data }) => [data.percent, [type, data.id]]));
  expect([...percents].toSorted(([one], [another]) => one - another)).toEqual([
    [50, ['budget.threshold', 'acme']],
    [80, ['budget.threshold', 'acme']],
    [100, ['budget.exceeded', 'acme']],
  ]);
  const refused = await stack().request('POST', '/v1/jobs', chat(), { authorization });
  expect(refused.status).toBe(402);
}, 60_000);

interface BudgetEvent {
  id: string;
  type: string;
  data: { id: string; percent: number };
}
