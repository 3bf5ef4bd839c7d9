import type { Budget, LedgerEntry } from '@sluice/contracts';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { picoOf } from '../usage/totals.ts';
import { BudgetBook } from './budget-book.ts';

const tenant = 'tenant:t1';
const call = { call: 1, leaseMs: 60_000 };

async function setUp(budget: Budget, configured: Record<string, Budget> = {}) {
  const { redis, root } = await testRedis({ ownedKeys: [/:budgets\}\//] });
  const clock = createFakeClock(Date.now());
  const log = createLogger({ name: 'test', level: 'silent' });
  const book = new BudgetBook({ redis, root, clock, log, configured });
  await book.set(tenant, budget);
  let last = 0;
  const spend = async (...entries: Partial<LedgerEntry>[]) => {
    const fromId = await book.spentUpTo(0);
    const toId = `${(last += 1)}-0`;
    const whole = entries.map((changes) => ({ ...entry(clock.now()), ...changes }));
    const added = await book.spend({ shard: 0, fromId, toId, entries: whole });
    await book.refresh();
    return added;
  };
  return { book, clock, spend, redis, root };
}

function entry(atMs: number): LedgerEntry {
  return {
    jobId: 'job_1',
    call: 1,
    atMs,
    tenantId: 't1',
    type: 'chat',
    name: 'fast',
    provider: 'openai',
    model: 'gpt',
    outcome: 'succeeded',
    costUsd: '0.01',
    durationMs: 1,
  };
}

test('of 500 who ask at once for 0.01 of 1.00 dollars a hundred get it, and the others wait', async () => {
  const { book, spend } = await setUp({ daily_usd: 1 });
  const ids = Array.from({ length: 500 }, (_, i) => `job_${i}`);
  const replies = await Promise.all(
    ids.map((id) => book.reserve(id, [tenant], { ...call, estimate: '0.01' })),
  );
  const granted = ids.filter((_, i) => replies[i] === undefined);
  expect(granted).toHaveLength(100);
  expect(replies.find((reply) => reply)).toEqual({ kind: 'wait', scope: tenant, period: 'daily' });
  await spend(...granted.map((jobId) => ({ jobId, costUsd: '0.004' })));
  expect(book.all()[0]).toMatchObject({ reserved: 0n, spent: { daily: picoOf('0.4') } });
  const again = await Promise.all(
    ids.slice(100, 300).map((id) => book.reserve(id, [tenant], { ...call, estimate: '0.01' })),
  );
  expect(again.filter((reply) => reply === undefined)).toHaveLength(60);
});

test('a call that would go beyond what is spent already is refused for good', async () => {
  const { book, spend } = await setUp({ monthly_usd: 1 });
  await spend({ costUsd: '0.995' });
  const refusal = { kind: 'exceeded', scope: tenant, period: 'monthly' };
  expect(await book.reserve('job_2', [tenant], { ...call, estimate: '0.01' })).toEqual(refusal);
  expect(book.exhausted({ tenantId: 't1' })).toBeUndefined();
  await spend({ costUsd: '0.005' });
  expect(book.exhausted({ tenantId: 't1' })).toEqual(refusal);
  expect(await book.reserve('job_2', [tenant], { ...call, estimate: '0' })).toEqual(refusal);
});

test('a call whose cost nobody knows before is refused, unless the budget lets it through', async () => {
  const { book } = await setUp({ daily_usd: 1 });
  const unknown = { ...call, estimate: 'unknown' };
  expect(await book.reserve('job_1', [tenant], unknown)).toEqual({
    kind: 'unknown_price',
    scope: tenant,
  });
  await book.set(tenant, { daily_usd: 1, allow_unknown_prices: true });
  expect(await book.reserve('job_1', [tenant], unknown)).toBeUndefined();
});

test('all budgets of a call have room, or none is touched', async () => {
  const { book } = await setUp({ daily_usd: 10 });
  await book.set('provider:openai', { daily_usd: 0.5 });
  const scopes = book.scopesOf({ tenantId: 't1', provider: 'openai' });
  expect(scopes).toEqual([tenant, 'provider:openai']);
  expect(await book.reserve('job_1', scopes, { ...call, estimate: '0.6' })).toMatchObject({
    scope: 'provider:openai',
  });
  await book.refresh();
  expect(book.all().map(({ reserved }) => reserved)).toEqual([0n, 0n]);
});

test('what a dead worker set aside comes back: at once when its job runs again, else with the lease', async () => {
  const { book, clock } = await setUp({ daily_usd: 1 });
  await book.reserve('job_1', [tenant], { ...call, estimate: '0.9' });
  expect(await book.reserve('job_1', [tenant], { ...call, estimate: '0.9' })).toBeUndefined();
  expect(await book.reserve('job_2', [tenant], { ...call, estimate: '0.9' })).toMatchObject({
    kind: 'wait',
  });
  await clock.advance(60_001);
  expect(await book.reserve('job_2', [tenant], { ...call, estimate: '0.9' })).toBeUndefined();
});

test('the entry of an earlier call does not end what a later one of the job has set aside', async () => {
  const { book, spend } = await setUp({ daily_usd: 1 });
  await book.reserve('job_1', [tenant], { ...call, call: 2, estimate: '0.5' });
  await spend({ call: 1, costUsd: '0' });
  expect(book.all()[0]?.reserved).toBe(picoOf('0.5'));
  await spend({ call: 2, costUsd: '0.1' });
  expect(book.all()[0]).toMatchObject({ reserved: 0n, spent: { daily: picoOf('0.1') } });
});

test('what is set aside for many calls ends with the entry that says so', async () => {
  const { book, spend } = await setUp({ daily_usd: 1 });
  await book.reserve('batch_1_p0', [tenant], { ...call, estimate: '0.9' });
  await spend({ jobId: 'batch_1_0', costUsd: '0.1' }, { jobId: 'batch_1_1', costUsd: '0.1' });
  expect(book.all()[0]).toMatchObject({ reserved: picoOf('0.9') });
  await spend({ jobId: 'batch_1_2', costUsd: '0.1', settles: 'batch_1_p0' });
  expect(book.all()[0]).toMatchObject({ reserved: 0n, spent: { daily: picoOf('0.3') } });
});

test('a release gives back, once', async () => {
  const { book } = await setUp({ daily_usd: 1 });
  await book.reserve('job_1', [tenant], { ...call, estimate: '0.5' });
  await book.release('job_1');
  await book.release('job_1');
  await book.refresh();
  expect(book.all()[0]?.reserved).toBe(0n);
});

test('the ledger is spent once, by day and month of the call, for tenant, key and provider', async () => {
  const { book, spend, clock } = await setUp({ daily_usd: 1 });
  await spend({ keyId: 'k1', costUsd: '0.25' });
  const piece = { shard: 0, fromId: '0', toId: '9-0', entries: [entry(clock.now())] };
  expect(await book.spend(piece)).toBe(false);
  await book.set('key:k1', { monthly_usd: 1 });
  await book.set('provider:openai', { monthly_usd: 1 });
  const spent = book.all().map(({ scope, spent: { monthly } }) => [scope, monthly]);
  expect(Object.fromEntries(spent)).toEqual({
    [tenant]: picoOf('0.25'),
    'key:k1': picoOf('0.25'),
    'provider:openai': picoOf('0.25'),
  });
});

test('a budget of the configuration holds until an operator sets another, and again after', async () => {
  const { book } = await setUp({}, { 'tenant:t2': { daily_usd: 5 } });
  expect(book.budgetOf('tenant:t2')).toEqual({ daily_usd: 5 });
  await book.set('tenant:t2', { daily_usd: 7 });
  expect(book.budgetOf('tenant:t2')).toEqual({ daily_usd: 7 });
  await book.set('tenant:t2', undefined);
  expect(book.budgetOf('tenant:t2')).toEqual({ daily_usd: 5 });
});

test.each(['unknown', '0'] as const)(
  'a call let through with the cost %s sets nothing aside, and what others cost meanwhile is counted',
  async (estimate) => {
    const { book, spend } = await setUp({ daily_usd: 1, allow_unknown_prices: true });
    const reserve = () => book.reserve('job_1', [tenant], { ...call, estimate });
    expect([await reserve(), await reserve()]).toEqual([undefined, undefined]);
    await spend({ jobId: 'job_1', costUsd: estimate }, { jobId: 'job_2', costUsd: '0.25' });
    await reserve();
    await book.release('job_1');
    await book.refresh();
    expect(book.all()[0]).toMatchObject({ reserved: 0n, spent: { daily: picoOf('0.25') } });
  },
);
