import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';

const call = { tenantId: 't', keyId: 'k', fingerprint: 'f' };

test('a call that was left is taken up once, by an equal call only, within a minute', async () => {
  const { redis, root, keys } = await testRedis();
  const config = { retentionMs: 1_000, idempotencyTtlMs: 1_000 };
  const records = createRecords({ redis, root, shards: 3, config, clock: createFakeClock() });
  expect(await records.takeUpCall(call)).toBeUndefined();
  await records.leaveCall(call, 'job_1');
  await records.leaveCall(call, 'job_2');
  const [key = ''] = await keys();
  expect(await redis.pttl(key)).toBeGreaterThan(50_000);
  for (const change of [{ tenantId: 'u' }, { keyId: 'l' }, { fingerprint: 'g' }]) {
    expect(await records.takeUpCall({ ...call, ...change })).toBeUndefined();
  }
  expect(await records.takeUpCall(call)).toBe('job_1');
  expect(await records.takeUpCall(call)).toBe('job_2');
  expect(await records.takeUpCall(call)).toBeUndefined();
});
