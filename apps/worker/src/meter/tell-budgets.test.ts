import { createEndpoint, type Budget, type CostUsd } from '@sluice/contracts';
import { BudgetBook, createToldShares, type ToldShares } from '@sluice/metering';
import { deliveryQueueName, Lanes } from '@sluice/queue';
import { createRecords, shardOf } from '@sluice/records';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { createDeliveryLog, createEndpointStore } from '@sluice/webhooks';
import { expect, onTestFinished, test } from 'vitest';

import { tellBudgets } from './tell-budgets.ts';

const minute = 60_000;

async function setUp(budgetsByScope: Record<string, Budget>) {
  const { redis, root } = await testRedis();
  const clock = createFakeClock(Date.UTC(2026, 10, 27, 10));
  const log = createLogger({ name: 'test', level: 'silent' });
  const shard = (id: string) => shardOf(id) ?? 0;
  const lanes = new Lanes({ redis, root, shards: 1, lanes: [], shardOf: shard, clock });
  onTestFinished(() => lanes.close());
  const config = { retentionMs: minute, idempotencyTtlMs: minute };
  const mirror = createRecords({ redis, root, shards: 1, config, clock });
  const endpoints = createEndpointStore({ redis, root, clock, mirror });
  const deliveryLog = createDeliveryLog({ redis, root, clock, retentionMs: minute });
  const budgets = new BudgetBook({ redis, root, clock, log, configured: budgetsByScope });
  const toldShares = createToldShares({ redis, root });
  const stored = { budgets, toldShares, lanes, endpoints, deliveryLog, clock, log };
  const deps = { ...stored, deliveryAttempts: 3 };
  const added = async () => {
    const tickets = await lanes.queue(deliveryQueueName, 0).getJobs();
    return tickets.map(({ id, data }) => ({ id, ...(data as Added) }));
  };
  return { ...deps, deps, added, spend: spendOn(deps) };
}

interface Added {
  eventId: string;
  endpoint: { tenantId: string };
  notice: { type: string; about: string; period: string; percent: number; spentUsd: string };
}

function spendOn({ budgets, clock }: { budgets: BudgetBook; clock: { now(): number } }) {
  let last = 0;
  return async (costUsd: CostUsd) => {
    const fromId = await budgets.spentUpTo(0);
    const entry = {
      jobId: 'job_1',
      call: 1,
      atMs: clock.now(),
      tenantId: 'acme',
      type: 'chat',
      name: 'fast',
      provider: 'eu:openai',
      model: 'gpt',
      outcome: 'succeeded',
      costUsd,
      durationMs: 1,
    } as const;
    await budgets.spend({ shard: 0, fromId, toId: `${(last += 1)}-0`, entries: [entry] });
    await budgets.refresh();
  };
}

const hook = createEndpoint.parse({ url: 'https://example.com/hook', events: ['budget.*'] });
const jobsOnly = createEndpoint.parse({ url: 'https://example.com/jobs', events: ['chat.*'] });

const told = (all: Added[]) =>
  all.map(({ notice: { type, period, percent } }) => `${type} ${period} ${percent}`).toSorted();

test('each share that is spent is told once in its day, to the endpoints that ask for it', async () => {
  const { endpoints, spend, deps, added, clock } = await setUp({ 'tenant:acme': { daily_usd: 1 } });
  await endpoints.create('acme', hook);
  await endpoints.create('acme', jobsOnly);
  await endpoints.create('default', hook);
  await spend('0.49');
  await tellBudgets(deps);
  expect(await added()).toEqual([]);
  await spend('0.01');
  await tellBudgets(deps);
  await tellBudgets(deps);
  const [first, ...more] = await added();
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    endpoint: { tenantId: 'acme' },
    notice: { type: 'budget.threshold', about: 'tenant:acme', percent: 50, spentUsd: '0.5' },
  });
  await spend('0.5');
  await tellBudgets(deps);
  const day = ['exceeded 2026-11-27 100', 'threshold 2026-11-27 50', 'threshold 2026-11-27 80'];
  expect(told(await added())).toEqual(day.map((each) => `budget.${each}`));
  await clock.advance(24 * 60 * minute);
  await spend('0.5');
  await tellBudgets(deps);
  expect(told(await added())).toContain('budget.threshold 2026-11-28 50');
  expect(await added()).toHaveLength(4);
});

test('a worker that dies between the deliveries and the mark leaves the same deliveries to the next', async () => {
  const { endpoints, spend, deps, added, toldShares } = await setUp({
    'tenant:acme': { monthly_usd: 1 },
  });
  const { id } = await endpoints.create('acme', hook);
  await spend('2');
  const died: ToldShares = {
    without: (shares) => toldShares.without(shares),
    add: async () => await Promise.reject(new Error('killed')),
  };
  await expect(tellBudgets({ ...deps, toldShares: died })).rejects.toThrow('killed');
  const [before] = await added();
  await deps.clock.advance(1_000);
  await Promise.all([tellBudgets(deps), tellBudgets(deps)]);
  const after = await added();
  expect(after).toHaveLength(3);
  expect(after).toContainEqual(before);
  const { deliveries } = await deps.deliveryLog.list('acme', id, { limit: 10 });
  expect(deliveries.map(({ event_id }) => event_id).toSorted()).toEqual(
    after.map(({ eventId }) => eventId).toSorted(),
  );
});

test("a provider's budget is told to the operator, and one that was read before midnight tells of its own day", async () => {
  const { endpoints, spend, deps, added, clock } = await setUp({
    'provider:eu:openai': { daily_usd: 1 },
  });
  await endpoints.create('acme', hook);
  await endpoints.create('default', hook);
  await spend('0.6');
  await clock.advance(14 * 60 * minute);
  await tellBudgets(deps);
  expect(await added()).toMatchObject([
    {
      endpoint: { tenantId: 'default' },
      notice: { about: 'provider:eu:openai', period: '2026-11-27', percent: 50 },
    },
  ]);
});
