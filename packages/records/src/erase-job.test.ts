import type { JobState } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed, webhook } from './fixtures.ts';

async function setUp() {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const jobIn = async (state: JobState) => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now()));
    if (state !== 'queued') await records.begin(jobId);
    if (state === 'completed') await records.finish(jobId, completed(), 'evt_1');
    return jobId;
  };
  return { redis, root, keys, clock, records, jobIn };
}

describe('erasing a job', () => {
  test.each(['queued', 'in_progress', 'completed'] as const)(
    'that is %s leaves nothing of it',
    async (state) => {
      const { records, jobIn, keys } = await setUp();
      const jobId = await jobIn(state);
      expect(await records.erase(jobId)).toBe(true);
      expect(await keys()).toEqual([]);
      expect(await records.read(jobId)).toBeUndefined();
      expect(await records.begin(jobId)).toEqual({ kind: 'missing' });
    },
  );

  test('leaves the others as they are', async () => {
    const { records, jobIn } = await setUp();
    const [one, other] = [await jobIn('completed'), await jobIn('queued')];
    const before = await records.read(other);
    await records.erase(one);
    expect(await records.read(other)).toEqual(before);
    expect((await records.list('t1', {})).records).toHaveLength(1);
    expect(await records.countLive(0)).toBe(1);
  });

  test('twice says that it was not there', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('completed');
    await records.erase(jobId);
    expect(await records.erase(jobId)).toBe(false);
  });

  test('never takes a live record away, should one have come up since it was cancelled', async () => {
    const { records, jobIn, redis, root } = await setUp();
    const jobId = await jobIn('queued');
    const script = loadScript(import.meta.url, 'erase-job');
    const names = [`job:${jobId}`, `timeline:${jobId}`, 'retained', 'tenant:t1', `batch:${jobId}`];
    const keys = names.map((name) => `{${root}:0}/${name}`);
    expect(await script(redis, keys, [jobId, 't1'])).toBe(-1);
    expect(await records.read(jobId)).toMatchObject({ state: 'queued' });
    expect((await records.list('t1', {})).records).toHaveLength(1);
  });

  test('that is live tells its webhook, in ids only', async () => {
    const { records, clock, redis, root } = await setUp();
    const jobId = records.newJobId();
    const input = { messages: [{ role: 'user' as const, content: 'my secret' }] };
    await records.accept(chatRequest(jobId, clock.now(), { webhook, input }));
    await records.erase(jobId);

    const [message] = await records.readOutbox(0, 'c1', { count: 1, blockMs: 0 });
    expect(message?.entry).toMatchObject({ jobId, kind: 'finished' });
    const stored = JSON.stringify(await redis.xrange(`{${root}:0}/outbox`, '-', '+'));
    expect(stored).not.toContain('my secret');
  });

  test('that is a child of a batch counts it as failed, so that the batch can end', async () => {
    const { records, clock } = await setUp();
    const batchId = records.newJobId();
    await records.accept(batchRequest(batchId, clock.now(), 2));
    const children = childRequests(batchId, clock.now(), 2);
    await records.acceptChildren(children);
    await records.finish(children[0]!.jobId, completed(), 'evt_1');
    await records.erase(children[1]!.jobId);

    expect(await records.read(batchId)).toMatchObject({
      progress: { total: 2, ended: 2, failed: 1 },
    });
    const [message] = await records.readOutbox(0, 'c1', { count: 1, blockMs: 0 });
    expect(message?.entry.kind).toBe('batch_ready');
  });
});
