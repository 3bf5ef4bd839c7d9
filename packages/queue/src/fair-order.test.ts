import type { Lane } from '@sluice/config';
import { runPart } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { advanceLane } from './fixtures.ts';
import { Lanes } from './lanes.ts';

/** A lane of 1,000 tokens a second: a ticket of 100 tokens takes a tenth of a second of it. */
const lane: Lane = {
  name: 'sim',
  buckets: [{ unit: 'tokens', limit: 1_000, windowMs: 1_000, pacing: 'smooth' }],
  concurrency: undefined,
};

/** A lane whose worker is played by the test: it takes one ticket after the other, as BullMQ does. */
async function setUp() {
  const { redis, root } = await testRedis();
  const lanes = new Lanes({
    redis,
    root,
    shards: 1,
    lanes: [lane],
    shardOf: () => 0,
    clock: createFakeClock(),
  });
  onTestFinished(() => lanes.close());
  let made = 0;
  const ranks = new Map<string, string>();
  /** Ids are `<tenant>.<number>`. */
  const place = async (tenantId: string, tokens = 100, weight = 1) => {
    const jobId = `${tenantId}.${(made += 1)}`;
    const ticket = { jobId, tenantId, type: 'chat', model: 'm', attempt: 1 } as const;
    const placed = { ticket, lane: lane.name, priority: 'normal', tokens, weight } as const;
    ranks.set(jobId, String(await runPart(redis, lanes.placement(placed))));
    return jobId;
  };
  const startNext = async () => {
    const [jobId] = await redis.zpopmin(lanes.queue(lane.name, 0).toKey('prioritized'));
    if (jobId === undefined) return undefined;
    await advanceLane(redis, lanes, { lane: lane.name, jobId, rank: ranks.get(jobId) });
    return jobId;
  };
  const start = async (count: number) => {
    const taken: string[] = [];
    for (let i = 0; i < count; i += 1) taken.push((await startNext()) ?? '');
    return taken;
  };
  return { place, start };
}

const tenantOf = (jobId: string) => jobId.split('.')[0] ?? '';

function jain(values: readonly number[]): number {
  const sum = values.reduce((total, one) => total + one, 0);
  return sum ** 2 / (values.length * values.reduce((total, one) => total + one ** 2, 0));
}

test('ten thousand tickets of one tenant hold up another’s single one by two services', async () => {
  const { place, start } = await setUp();
  for (let i = 0; i < 100; i += 1) await Promise.all(Array.from({ length: 100 }, () => place('a')));
  await start(500);
  const single = await place('b');
  const next = await start(3);
  expect(next.indexOf(single)).toBeGreaterThanOrEqual(0);
  expect(next.indexOf(single)).toBeLessThanOrEqual(2);
}, 60_000);

test('ten equal tenants with tickets of mixed sizes get equal shares at any time', async () => {
  const { place, start } = await setUp();
  const tokensOf = new Map<string, number>();
  // All of one before all of the next, each with its own mix.
  for (let tenant = 0; tenant < 10; tenant += 1) {
    for (let i = 0; i < 60; i += 1) {
      const tokens = 50 * (1 + ((i * (tenant + 3)) % 9));
      tokensOf.set(await place(`t${tenant}`, tokens), tokens);
    }
  }
  const served = new Map<string, number>(Array.from({ length: 10 }, (_, i) => [`t${i}`, 0]));
  const shares: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (const jobId of await start(60)) {
      const tenant = tenantOf(jobId);
      served.set(tenant, (served.get(tenant) ?? 0) + (tokensOf.get(jobId) ?? 0));
    }
    shares.push(jain([...served.values()]));
  }
  // The first round is too short for shares to even out.
  expect(Math.min(...shares.slice(1))).toBeGreaterThanOrEqual(0.95);
}, 30_000);

test('submitting in a thousand pieces, or all at once, gains a tenant nothing', async () => {
  const { place, start } = await setUp();
  // Keys belong to a tenant, so what comes through a thousand keys is the tenant's: only its order could gain.
  for (let i = 0; i < 1_000; i += 1) {
    if (i < 200) await place('whole', 500);
    await place('split', 100);
  }
  const taken = (await start(600)).map(tenantOf);
  const split = taken.filter((tenant) => tenant === 'split').length * 100;
  const whole = taken.filter((tenant) => tenant === 'whole').length * 500;
  expect(split / ((split + whole) / 2)).toBeLessThanOrEqual(1.05);
}, 30_000);

test('no ticket waits while the lane is idle, whatever its tenant had before', async () => {
  const { place, start } = await setUp();
  for (let i = 0; i < 50; i += 1) await place('a', 1_000, 0.01);
  expect((await start(50)).every((jobId) => tenantOf(jobId) === 'a')).toBe(true);
  const late = await place('a');
  expect(await start(1)).toEqual([late]);
});
