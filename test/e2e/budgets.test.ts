import type { JobView } from '@sluice/contracts';
import { waitFor } from '@sluice/testing';
import { expect, test } from 'vitest';

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
  }),
});

const chat = (model = 'chat') => ({
  type: 'chat',
  model,
  input: { messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 10 },
});

async function spent(): Promise<number> {
  const { body } = await stack().request('GET', '/v1/budgets');
  const { data } = body as { data: { daily: { spent_usd: string } }[] };
  return Number(data[0]?.daily.spent_usd);
}

test('500 jobs at once against one dollar spend no more than it and one call', async () => {
  await stack().simulator.behaviour({
    reply: 'one two three four five six seven',
    chunkDelayMs: 5,
  });
  const budget = { scope: 'tenant', id: 'default', daily_usd: 1 };
  await stack().request('POST', '/v1/budgets', budget);
  const replies = await Promise.all(
    Array.from({ length: 500 }, () => stack().request('POST', '/v1/jobs', chat())),
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
