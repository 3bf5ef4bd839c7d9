import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';

const idempotency = { key: 'k', fingerprint: 'f' };
const first = { tenantId: 't', idempotency, id: 'a' };

test('one request at a time has the answer to a key, until it gives it up or its lease ends', async () => {
  const { redis, root, keys } = await testRedis();
  const config = { retentionMs: 1_000, idempotencyTtlMs: 1_000 };
  const records = createRecords({ redis, root, shards: 3, config, clock: createFakeClock() });
  const claim = (change: object) => records.claimAnswer({ ...first, ...change }, 60_000);
  expect(await claim({})).toBe('claimed');
  expect(await claim({ id: 'b' })).toBe('in_flight');
  const other = { ...idempotency, fingerprint: 'g' };
  expect(await claim({ id: 'b', idempotency: other })).toBe('mismatch');
  expect(await claim({ tenantId: 'u', idempotency: other })).toBe('claimed');
  expect(await records.keepClaim({ ...first, id: 'b' }, 0)).toBe(false);
  const leases = async () => Promise.all((await keys()).map((key) => redis.pttl(key)));
  expect(await records.keepClaim(first, 90_000)).toBe(true);
  expect(Math.max(...(await leases()))).toBeGreaterThan(60_000);
  expect(await records.keepClaim(first, 0)).toBe(true);
  expect(await claim({ id: 'b' })).toBe('claimed');
});
