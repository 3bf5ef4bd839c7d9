import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { findAnomalies } from './find-anomalies.ts';
import { createUsageBook } from './usage-book.ts';

const hourMs = 3_600_000;
// Redis forgets buckets by its own clock.
const nowMs = Math.floor(Date.now() / 60_000) * 60_000 + 30_000;
const rule = { factor: 3, minUsd: 10 };

/** Books what tenants have spent, each at so many milliseconds before now. */
async function setUp(...spent: [tenantId: string, agoMs: number, costUsd: string][]) {
  const { redis, root } = await testRedis();
  const clock = createFakeClock(nowMs);
  const usage = createUsageBook({ redis, root, shards: 1, clock, maxRows: 100 });
  const entries = spent.map(([tenantId, agoMs, costUsd], i) => ({
    jobId: `job_${i}`,
    call: 1,
    atMs: nowMs - agoMs,
    tenantId,
    type: 'chat' as const,
    name: 'm',
    provider: 'p',
    model: 'm',
    outcome: 'succeeded' as const,
    costUsd,
    durationMs: 1,
  }));
  await usage.count({ shard: 0, fromId: '0', toId: '1-0', entries });
  return await findAnomalies(usage, rule, nowMs);
}

test('an hour that costs more than three usual ones is an anomaly, over whatever hours it spreads', async () => {
  // 168 hours of 5 dollars each, at one time.
  const usual = ['acme', 50 * hourMs, '840'] as const;
  expect(await setUp([...usual], ['acme', 1_000, '15'])).toEqual([]);
  expect(await setUp([...usual], ['acme', 1_000, '15.000001'])).toEqual([
    { tenantId: 'acme', spent: 15_000_001_000_000n, usual: 5n * 10n ** 12n },
  ]);
  // Soon after midnight a part of the hour is of the day before, and counts as usual.
  const [found] = await setUp([...usual], ['acme', 59 * 60_000, '8'], ['acme', 1_000, '7.2']);
  expect(found).toMatchObject({ tenantId: 'acme', spent: 15_200_000_000_000n });
});

test('what is older than an hour, small, or another tenant’s does not count', async () => {
  expect(await setUp(['acme', 61 * 60_000, '500'], ['acme', 1_000, '1'])).toEqual([]);
  expect(await setUp(['acme', 1_000, '9.99'])).toEqual([]);
  const found = await setUp(['calm', 50 * hourMs, '8400'], ['calm', 1_000, '99'], ['new', 5, '10']);
  expect(found.map(({ tenantId, usual }) => [tenantId, usual])).toEqual([['new', 0n]]);
});
