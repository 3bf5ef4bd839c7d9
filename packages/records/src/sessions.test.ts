import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';

const session = { tenantId: 't', app: 'bot', holder: 'dify app-1', sessionId: 's', user: 'ann' };

test('a session keeps its conversation for its time, and no other session has it', async () => {
  const { redis, root, keys } = await testRedis();
  const config = { retentionMs: 1_000, idempotencyTtlMs: 1_000 };
  const records = createRecords({ redis, root, shards: 3, config, clock: createFakeClock() });
  expect(await records.conversation(session)).toBeUndefined();

  await records.keepConversation(session, { id: 'conv-1', ttlMs: 60_000 });
  expect(await records.conversation(session)).toBe('conv-1');
  for (const key of await keys()) {
    expect(await redis.pttl(key)).toBeGreaterThan(50_000);
    expect(key).not.toContain('app-1');
  }

  for (const change of [
    { tenantId: 'u' },
    { app: 'other' },
    { holder: 'dify app-2' },
    { sessionId: 'z' },
    { user: undefined },
  ]) {
    expect(await records.conversation({ ...session, ...change })).toBeUndefined();
  }
  await records.forgetConversation({ tenantId: 'u', id: 'conv-1' });
  expect(await records.conversation(session)).toBe('conv-1');
  await records.forgetConversation({ tenantId: 't', id: 'conv-1' });
  expect(await records.conversation(session)).toBeUndefined();
  expect(await records.forgetSession(session)).toBe(false);
  expect(await keys()).toEqual([]);
});

test('a session that goes on with another conversation is not told to forget it', async () => {
  const { redis, root } = await testRedis();
  const config = { retentionMs: 1_000, idempotencyTtlMs: 1_000 };
  const records = createRecords({ redis, root, shards: 3, config, clock: createFakeClock() });
  await records.keepConversation(session, { id: 'conv-1', ttlMs: 60_000 });
  await records.keepConversation(session, { id: 'conv-2', ttlMs: 60_000 });
  await records.forgetConversation({ tenantId: 't', id: 'conv-1' });
  expect(await records.conversation(session)).toBe('conv-2');
});
