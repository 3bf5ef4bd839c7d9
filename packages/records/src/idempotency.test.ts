import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed } from './fixtures.ts';
import { shardOf } from './job-id.ts';

async function setUp(shards = 4) {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards, config, clock });
  const accept = async (tenantId: string, key: string, fingerprint: string) => {
    const jobId = records.newJobId({ tenantId, idempotencyKey: key });
    const request = chatRequest(jobId, clock.now(), { tenantId });
    return { jobId, reply: await records.accept(request, { key, fingerprint }) };
  };
  return { redis, root, keys, clock, records, accept };
}

describe('an Idempotency-Key', () => {
  test('gives the first job again for the same body', async () => {
    const { accept, records } = await setUp();
    const first = await accept('t1', 'k', 'body');
    const second = await accept('t1', 'k', 'body');

    expect(first.reply).toEqual({ kind: 'created' });
    expect(second.reply).toEqual({ kind: 'replayed', jobId: first.jobId });
    expect(await records.read(second.jobId)).toBeUndefined();
    expect((await records.list('t1', {})).records).toHaveLength(1);
  });

  test('sent again with the same job id, because the reply was lost, is created again', async () => {
    const { records, clock } = await setUp();
    const idempotency = { key: 'k', fingerprint: 'body' };
    const jobId = records.newJobId({ tenantId: 't1', idempotencyKey: 'k' });
    await records.accept(chatRequest(jobId, clock.now()), idempotency);
    expect(await records.accept(chatRequest(jobId, clock.now()), idempotency)).toEqual({
      kind: 'created',
    });
  });

  test('still gives it when the job has ended', async () => {
    const { accept, records } = await setUp();
    const { jobId } = await accept('t1', 'k', 'body');
    await records.finish(jobId, completed(), 'evt_1');
    expect((await accept('t1', 'k', 'body')).reply).toEqual({ kind: 'replayed', jobId });
  });

  test('is refused with another body', async () => {
    const { accept, records } = await setUp();
    await accept('t1', 'k', 'body');
    const other = await accept('t1', 'k', 'another body');
    expect(other.reply).toEqual({ kind: 'mismatch' });
    expect(await records.read(other.jobId)).toBeUndefined();
  });

  test('of one tenant says nothing to another', async () => {
    const { accept } = await setUp();
    await accept('t1', 'k', 'body');
    expect((await accept('t2', 'k', 'another body')).reply).toEqual({ kind: 'created' });
  });

  test('does not let tenant and key run into each other', async () => {
    const { accept } = await setUp();
    await accept('t1', '2k', 'body');
    expect((await accept('t12', 'k', 'body')).reply).toEqual({ kind: 'created' });
  });

  test('is stored neither as it is nor for ever', async () => {
    const { accept, keys, redis } = await setUp();
    await accept('t1', 'secret-key', 'body');
    const stored = (await keys()).filter((key) => key.includes('idempotency'));
    expect(stored).toHaveLength(1);
    expect(stored[0]).not.toContain('secret-key');
    expect(await redis.pttl(stored[0]!)).toBeGreaterThan(86_390_000);
  });

  test('sent 50 times at once creates one job, and all are told which', async () => {
    const { accept, records } = await setUp();
    const results = await Promise.all(Array.from({ length: 50 }, () => accept('t1', 'k', 'body')));

    const created = results.filter(({ reply }) => reply.kind === 'created');
    expect(created).toHaveLength(1);
    for (const { reply } of results.filter((result) => result !== created[0])) {
      expect(reply).toEqual({ kind: 'replayed', jobId: created[0]!.jobId });
    }
    expect((await records.list('t1', {})).records).toHaveLength(1);
  });

  test('always meets itself in the same shard, and keys spread over all', async () => {
    const { records } = await setUp(4);
    const shards = Array.from({ length: 200 }, (_, i) => {
      const idempotent = { tenantId: 't1', idempotencyKey: `k${i}` };
      const shard = shardOf(records.newJobId(idempotent));
      expect(shardOf(records.newJobId(idempotent))).toBe(shard);
      return shard;
    });
    expect(new Set(shards).size).toBe(4);
  });

  test('is not taken with an id that was not made for it', async () => {
    const { records, clock } = await setUp(4);
    const made = shardOf(records.newJobId({ tenantId: 't1', idempotencyKey: 'k' }));
    let jobId = records.newJobId();
    while (shardOf(jobId) === made) jobId = records.newJobId();
    await expect(
      records.accept(chatRequest(jobId, clock.now()), { key: 'k', fingerprint: 'body' }),
    ).rejects.toThrow(/needs an id made for it/);
  });

  test('is forgotten with its job when that is erased', async () => {
    const { accept, records, keys } = await setUp();
    const { jobId } = await accept('t1', 'k', 'body');
    await records.erase(jobId);
    expect(await keys()).toEqual([]);
    expect((await accept('t1', 'k', 'another body')).reply).toEqual({ kind: 'created' });
  });
});
