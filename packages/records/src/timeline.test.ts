import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, ended } from './fixtures.ts';

async function setUp() {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, clock.now()));
  return { redis, root, keys, clock, records, jobId };
}

describe('the timeline of a job', () => {
  test('tells what happened and when', async () => {
    const { records, clock, jobId } = await setUp();
    await clock.advance(1_000);
    await records.begin(jobId);
    await clock.advance(1_000);
    await records.appendEvent(jobId, 'node_finished', { title: 'LLM 😀' });
    await clock.advance(1_000);
    await records.finish(jobId, ended('failed'), 'evt_1');

    const events = await records.timeline(jobId);
    expect(events).toMatchObject([
      { type: 'queued', at: '2026-01-01T00:00:00.000Z' },
      { type: 'in_progress', at: '2026-01-01T00:00:01.000Z' },
      { type: 'node_finished', at: '2026-01-01T00:00:02.000Z', data: { title: 'LLM 😀' } },
      {
        type: 'failed',
        at: '2026-01-01T00:00:03.000Z',
        data: { error: { code: 'upstream_error', message: 'It failed.' } },
      },
    ]);
  });

  test('goes on after any event already seen', async () => {
    const { records, jobId } = await setUp();
    await records.begin(jobId);
    for (let i = 0; i < 10; i += 1) await records.appendEvent(jobId, 'progress', { i });
    const all = await records.timeline(jobId);
    expect(all).toHaveLength(12);

    for (const [i, { id }] of all.entries()) {
      expect(await records.timeline(jobId, { after: id })).toEqual(all.slice(i + 1));
    }
    expect(await records.timeline(jobId, { limit: 3 })).toEqual(all.slice(0, 3));
    expect(await records.timeline(jobId, { after: all[2]!.id, limit: 3 })).toEqual(all.slice(3, 6));
    expect(await records.timeline(jobId, { limit: 0 })).toEqual([]);
  });

  test.each(['', 'x', '-', '-1', '1.5', '1e3', '9999999999999999', '0\r\n'])(
    'starts over after %j, which no event has as id',
    async (after) => {
      const { records, jobId } = await setUp();
      expect(await records.timeline(jobId, { after })).toMatchObject([{ type: 'queued' }]);
    },
  );

  test('takes events of an ended job and does not outlive it', async () => {
    const { records, jobId, redis, root } = await setUp();
    await records.finish(jobId, completed(), 'evt_1');
    await redis.del(`{${root}:0}/timeline:${jobId}`);
    await records.appendEvent(jobId, 'delivered');
    expect((await records.timeline(jobId)).at(-1)).toMatchObject({ type: 'delivered' });
    expect(await redis.pttl(`{${root}:0}/timeline:${jobId}`)).toBeGreaterThan(0);
  });

  test('is not started for a job that is gone', async () => {
    const { records, jobId, keys } = await setUp();
    await records.erase(jobId);
    await records.appendEvent(jobId, 'progress');
    expect(await records.timeline(jobId)).toEqual([]);
    expect(await keys()).toEqual([]);
  });

  test('keeps its last thousand events, with their numbers', async () => {
    const { records, jobId, redis, root } = await setUp();
    await Promise.all(
      Array.from({ length: 2_500 }, (_, i) => records.appendEvent(jobId, 'progress', { i })),
    );
    const length = () => redis.llen(`{${root}:0}/timeline:${jobId}`);
    expect(await length()).toBe(1_000);
    await records.begin(jobId);
    expect(await length()).toBe(1_000);

    const all = await records.timeline(jobId, { limit: 5_000 });
    expect(all[1]).toMatchObject({ id: '1502', data: { i: 1_501 } });
    expect(all.at(-1)).toMatchObject({ id: '2500', data: { i: 2_499 } });
    const rest = await records.timeline(jobId, { after: '2499' });
    expect(rest).toMatchObject([{ id: '2500' }, { id: '2501', type: 'in_progress' }]);
    expect(await records.timeline(jobId, { after: '7', limit: 1 })).toEqual([all[1]]);
    expect(await records.timeline(jobId, { after: '2501' })).toEqual([]);
  });
});
