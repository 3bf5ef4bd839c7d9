import type { LedgerEntry } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { Big } from 'big.js';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { intervals } from './buckets.ts';
import { other, type Dimension } from './rows.ts';
import { usdOf } from './totals.ts';
import { createUsageBook } from './usage-book.ts';

const dayMs = intervals.day.ms;
/** Tomorrow: nothing of it has expired. */
const startMs = Math.ceil(Date.now() / dayMs) * dayMs;

async function setUp({ maxRows = 1_000, shards = 1 } = {}) {
  const { redis, root } = await testRedis({ ownedKeys: [/counted$/] });
  const deps = { redis, root, shards, clock: createFakeClock(startMs), maxRows };
  const usage = createUsageBook(deps);
  const day = { interval: 'day', fromMs: startMs, toMs: startMs + dayMs } as const;
  const sumBy = async (groupBy: Dimension[], only = {}) =>
    await usage.sum({ ...day, groupBy, only });
  let last = 0;
  const count = async (entries: LedgerEntry[], shard = 0) => {
    const fromId = await usage.countedUpTo(shard);
    return await usage.count({ shard, fromId, toId: `${(last += 1)}-0`, entries });
  };
  return { usage, day, sumBy, count };
}

function call(changes: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    jobId: 'job_1',
    call: 1,
    atMs: startMs + 1_000,
    tenantId: 't1',
    type: 'chat',
    name: 'fast',
    provider: 'openai',
    model: 'gpt',
    outcome: 'succeeded',
    usage: {
      input_tokens: 10,
      cached_input_tokens: 4,
      output_tokens: 5,
      reasoning_tokens: 2,
      total_tokens: 15,
      source: 'provider',
    },
    costUsd: '0.0000000015',
    durationMs: 20,
    ...changes,
  };
}

test('calls add up by minute, hour and day, to the last picodollar', async () => {
  const { usage, day, count } = await setUp();
  await count([call(), call({ atMs: startMs + 61_000 })]);
  await count([call({ atMs: startMs + 3_600_000, costUsd: '1.000000000001' })]);
  for (const [interval, calls] of [
    ['minute', [1, 1, 1]],
    ['hour', [2, 1]],
    ['day', [3]],
  ] as const) {
    const found: number[] = [];
    let cost = 0n;
    for await (const { groups } of usage.read({ ...day, interval, groupBy: [], only: {} })) {
      for (const { totals } of groups) {
        found.push(totals.calls);
        cost += totals.costPico;
      }
    }
    expect(found).toEqual(calls);
    expect(usdOf(cost)).toBe('1.000000003001');
  }
});

test('a piece that somebody else has counted adds nothing', async () => {
  const { usage, sumBy } = await setUp();
  const piece = { shard: 0, fromId: '0', toId: '5-0', entries: [call()] };
  expect(await usage.count(piece)).toBe(true);
  expect(await usage.count(piece)).toBe(false);
  expect(await usage.countedUpTo(0)).toBe('5-0');
  expect((await sumBy([])).groups[0]?.totals.calls).toBe(1);
});

test('is told apart by every dimension, and by each tag', async () => {
  const { sumBy, count } = await setUp();
  await count([
    call({ keyId: 'key_1', user: 'ada', metadata: { team: 'red', env: 'prod' } }),
    call({ tenantId: 't2', name: 'flow', type: 'workflow', provider: 'dify' }),
  ]);
  const values = async (dimension: Dimension) =>
    (await sumBy([dimension])).groups
      .map(({ by }) => by[dimension] ?? '')
      .toSorted((a, b) => a.localeCompare(b));
  expect(await values('tenant')).toEqual(['t1', 't2']);
  expect(await values('key')).toEqual(['', 'key_1']);
  expect(await values('model')).toEqual(['', 'fast']);
  expect(await values('provider')).toEqual(['dify', 'openai']);
  expect(await values('app')).toEqual(['', 'flow']);
  expect(await values('user')).toEqual(['', 'ada']);
  expect(await values('tag')).toEqual(['env=prod', 'team=red']);
  const ofTag = await sumBy(['model'], { tag: ['team=red'] });
  expect(ofTag.groups).toMatchObject([{ by: { model: 'fast' }, totals: { calls: 1 } }]);
});

test('a reply from the cache is no call: it has only what it saved', async () => {
  const { sumBy, count } = await setUp();
  await count([call({ outcome: 'cached', costUsd: '0', saved: { tokens: 15, usd: '0.5' } })]);
  const [group] = (await sumBy([])).groups;
  expect(group?.totals).toMatchObject({
    calls: 0,
    cached: 1,
    totalTokens: 0,
    savedTokens: 15,
    savedPico: 500_000_000_000n,
  });
});

test('what the prompt caches of vendors spared adds up, also below zero', async () => {
  const { sumBy, count } = await setUp();
  await count([
    call({ promptCacheSavedUsd: '0.25' }),
    call({ promptCacheSavedUsd: '-0.05' }),
    call(),
  ]);
  const [group] = (await sumBy([])).groups;
  expect(group?.totals.promptCacheSavedPico).toBe(200_000_000_000n);
});

test('a cost that is not known is counted as such, not as zero', async () => {
  const { sumBy, count } = await setUp();
  const { usage: _none, ...lost } = call({ outcome: 'interrupted', costUsd: 'unknown' });
  await count([lost, call()]);
  expect((await sumBy([])).groups[0]?.totals).toMatchObject({
    calls: 2,
    interrupted: 1,
    unknownCost: 1,
    costPico: 1_500n,
  });
});

test('a bucket without room for more users says so and loses nothing', async () => {
  const { sumBy, count } = await setUp({ maxRows: 3 });
  const users = Array.from({ length: 10 }, (_, i) => call({ user: `u${i}` }));
  await count(users.slice(0, 5));
  await count(users);
  const { groups, isFolded } = await sumBy(['user']);
  const calls = Object.fromEntries(groups.map(({ by, totals }) => [by.user, totals.calls]));
  expect(calls).toEqual({ u0: 2, u1: 2, u2: 2, [other]: 9 });
  expect(isFolded).toBe(true);
});

test('where even models are too many, tenants and providers are still told apart', async () => {
  const { sumBy, count } = await setUp({ maxRows: 2 });
  const entries = Array.from({ length: 20 }, (_, i) =>
    call({ name: `m${i}`, tenantId: `t${i % 2}`, user: 'u' }),
  );
  await count(entries);
  const tenants = (await sumBy(['tenant', 'provider'])).groups;
  expect(tenants.map(({ totals }) => totals.calls)).toEqual([10, 10]);
  const models = (await sumBy(['model'])).groups;
  expect(models.length).toBeLessThanOrEqual(6);
});

test('the sum is that of the entries, however they are cut into pieces and spread over shards', async () => {
  const entry = fc.record({
    costUsd: fc
      .bigInt({ min: 0n, max: 10n ** 16n })
      .map((pico) => Big(pico.toString()).div('1e12').toFixed()),
    user: fc.constantFrom('a', 'b', 'c', 'd'),
    atMs: fc.integer({ min: startMs, max: startMs + dayMs - 1 }),
    shard: fc.nat({ max: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 5 }),
      async (pieces) => {
        const { count, sumBy } = await setUp({ shards: 2, maxRows: 3 });
        let expected = Big(0);
        for (const piece of pieces) {
          for (const shard of [0, 1]) {
            const here = piece.filter((each) => each.shard === shard);
            await count(
              here.map(({ user, costUsd }) => call({ user, costUsd })),
              shard,
            );
            for (const { costUsd } of here) expected = expected.plus(costUsd);
          }
        }
        const { groups } = await sumBy(['user']);
        const sum = groups.reduce((total, { totals }) => total + totals.costPico, 0n);
        expect(usdOf(sum)).toBe(expected.toFixed());
      },
    ),
    { numRuns: 20 },
  );
});

test('one meter at a time has the turn', async () => {
  const { usage } = await setUp();
  expect(await usage.takeTurn(0, 'a')).toBe(true);
  expect(await usage.takeTurn(0, 'b')).toBe(false);
  expect(await usage.takeTurn(0, 'a')).toBe(true);
});
