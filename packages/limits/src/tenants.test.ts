import { expect, test } from 'vitest';

import { leaseMs } from './acquire-permits.ts';
import { createLimits } from './limits.ts';
import { minute, oneRequest, requests, testLane, tokens } from './testing/test-lane.ts';

const a = { tenant: 'a' };
const b = { tenant: 'b' };

test('a tenant has its own limit in a lane, and the others go on', async () => {
  const perTenant = { buckets: [requests(2, minute)], concurrency: undefined };
  const lane = await testLane({ buckets: [requests(10, minute)], perTenant });
  await lane.permit(oneRequest, a);
  await lane.permit(oneRequest, a);
  expect(await lane.acquire(oneRequest, a)).toMatchObject({
    kind: 'denied',
    scope: 'tenant',
    limit: 'requests per 60 s of the tenant',
  });
  await lane.permit(oneRequest, b);
  expect(await lane.used()).toEqual([3]);
});

test('what two tenants ask for in one turn is counted to each of them', async () => {
  const perTenant = { buckets: [requests(1, minute)], concurrency: undefined };
  const { deps, lane } = await testLane({ buckets: [requests(10, minute)], perTenant });
  const { acquire } = createLimits(deps);
  const decisions = await Promise.all(
    [a, b, a, b].map((asker) => acquire(lane, oneRequest, asker)),
  );
  expect(decisions).toMatchObject([
    { kind: 'granted', permit: a },
    { kind: 'granted', permit: b },
    { kind: 'denied', scope: 'tenant' },
    { kind: 'denied', scope: 'tenant' },
  ]);
});

test('what a tenant is denied is not charged to the lane, nor the other way round', async () => {
  const perTenant = { buckets: [tokens(100, minute)], concurrency: undefined };
  const lane = await testLane({ buckets: [requests(1, minute)], perTenant });
  await lane.permit({ requests: 1, tokens: 90 }, a);
  expect(await lane.acquire({ requests: 1, tokens: 50 }, b)).toMatchObject({ scope: 'lane' });
  lane.nowMs += 61_000;
  await lane.permit({ requests: 1, tokens: 100 }, b);
});

test('a tenant has its own concurrency, whose slots come back by settle and by lease', async () => {
  const lane = await testLane({ perTenant: { buckets: [], concurrency: 1 } });
  const first = await lane.permit(oneRequest, a);
  await lane.permit(oneRequest, b);
  expect(await lane.acquire(oneRequest, a)).toMatchObject({
    scope: 'tenant',
    limit: 'concurrency of the tenant',
  });
  await lane.settle(first, oneRequest);
  const second = await lane.permit(oneRequest, a);
  lane.nowMs += leaseMs - 1;
  expect(await lane.renew(second)).toBe(true);
  lane.nowMs += leaseMs;
  expect(await lane.renew(second)).toBe(false);
  await lane.permit(oneRequest, a);
});

test('settle corrects the tenant’s bucket too', async () => {
  const perTenant = { buckets: [tokens(100, minute)], concurrency: undefined };
  const lane = await testLane({ perTenant });
  const permit = await lane.permit({ tokens: 100 }, a);
  expect(await lane.acquire({ tokens: 1 }, a)).toMatchObject({ kind: 'denied' });
  await lane.settle(permit, { tokens: 10 });
  await lane.permit({ tokens: 90 }, a);
});

test('tickets of a tenant without room are told to come back one after the other', async () => {
  const perTenant = { buckets: [requests(6, minute)], concurrency: undefined };
  const lane = await testLane({ perTenant });
  for (let i = 0; i < 6; i += 1) await lane.permit(oneRequest, a);
  const waits = [];
  for (let i = 0; i < 3; i += 1) {
    const decision = await lane.acquire(oneRequest, a);
    waits.push(decision.kind === 'denied' ? decision.waitMs : 0);
  }
  const [first = 0, second = 0, third = 0] = waits;
  expect(first).toBeGreaterThan(59_000);
  // Nobody is sent away for longer than a minute, or than the limit itself takes.
  expect([second, third]).toEqual([first, first]);
  lane.nowMs += 30_000;
  const later = await lane.acquire(oneRequest, a);
  expect(later.kind === 'denied' && later.waitMs).toBeGreaterThan(first - 30_000);
});
