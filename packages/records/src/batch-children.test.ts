import { childJobId, type JobEnding } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, childRequests, chatRequest, completed, ended } from './fixtures.ts';

const retentionMs = 3_600_000;

async function setUp(size: number) {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const batchId = records.newJobId();
  await records.accept(batchRequest(batchId, clock.now(), size));
  await records.begin(batchId);
  const requests = childRequests(batchId, clock.now(), size);
  const child = (index: number) => childJobId(batchId, index);
  const progress = async () => (await records.read(batchId))?.progress;
  const outbox = async () => {
    const messages = await records.readOutbox(0, 'c1', { count: 100, blockMs: 0 });
    return messages.map(({ entry }) => entry);
  };
  return { redis, root, keys, clock, records, batchId, requests, child, progress, outbox };
}

describe('the children of a batch', () => {
  test('are created once, however often the batch is fed', async () => {
    const { records, requests, batchId } = await setUp(600);
    expect(await records.acceptChildren(requests.slice(0, 300))).toBe(300);
    expect(await records.acceptChildren(requests)).toBe(300);
    expect(await records.acceptChildren(requests)).toBe(0);

    const page = await records.list('t1', { batchId, limit: 1_000 });
    expect(page.records.map(({ batch }) => batch?.index)).toEqual(requests.map((_, i) => i));
  });

  test('that ended or were erased are not created again', async () => {
    const { records, requests, child, progress } = await setUp(2);
    await records.acceptChildren(requests);
    await records.finish(child(0), completed(), 'evt_1');
    await records.erase(child(1));

    expect(await records.acceptChildren(requests)).toBe(0);
    expect(await records.read(child(0))).toMatchObject({ state: 'completed' });
    expect(await records.read(child(1))).toBeUndefined();
    expect(await progress()).toEqual({ total: 2, ended: 2, failed: 1 });
  });

  test('are not created for a batch that has ended or is gone', async () => {
    const { records, requests, batchId, redis, root } = await setUp(2);
    await records.finish(batchId, ended('cancelled'), 'evt_1');
    expect(await records.acceptChildren(requests)).toBe(0);
    await records.erase(batchId);
    expect(await records.acceptChildren(requests)).toBe(0);
    expect(await redis.zcard(`{${root}:0}/live`)).toBe(0);
  });

  test('must bear the name of their batch', async () => {
    const { records, clock, batchId } = await setUp(1);
    const stranger = chatRequest(records.newJobId(), clock.now(), { batch: { batchId, index: 0 } });
    await expect(records.acceptChildren([stranger])).rejects.toThrow(TypeError);
  });

  test('are listed with their batch only, and only to its tenant', async () => {
    const { records, requests, batchId } = await setUp(3);
    await records.acceptChildren(requests);
    const all = await records.list('t1', {});
    expect(all.records.map(({ jobId }) => jobId)).toEqual([batchId]);
    expect((await records.list('t2', { batchId })).records).toEqual([]);
  });

  test('stay until their siblings could have ended, then as long as the batch', async () => {
    const { records, requests, batchId, child, redis, root } = await setUp(2);
    await records.acceptChildren(requests);
    await records.finish(child(0), completed(), 'evt_1');
    const ttlOf = (key: string) => redis.pttl(`{${root}:0}/${key}`);
    // startByMs of the fixture is ten minutes after createdAtMs.
    expect(await ttlOf(`job:${child(0)}`)).toBeGreaterThan(retentionMs + 590_000);

    await records.finish(child(1), ended('failed'), 'evt_2');
    await records.finish(batchId, completed(), 'evt_3');

    for (const name of [child(0), child(1), batchId]) {
      expect(await ttlOf(`job:${name}`)).toBeLessThanOrEqual(retentionMs);
      expect(await ttlOf(`job:${name}`)).toBeGreaterThan(retentionMs - 10_000);
      expect(await ttlOf(`timeline:${name}`)).toBeLessThanOrEqual(retentionMs);
    }
    expect(await ttlOf(`batch:${batchId}`)).toBeGreaterThan(0);
  });

  test('that outlive a cancelled batch get their TTL when they end', async () => {
    const { records, requests, batchId, child, redis, root, outbox } = await setUp(1);
    await records.acceptChildren(requests);
    await records.finish(batchId, ended('cancelled'), 'evt_1');
    expect(await redis.pttl(`{${root}:0}/job:${child(0)}`)).toBe(-1);

    await records.finish(child(0), completed(), 'evt_2');

    const ttlMs = await redis.pttl(`{${root}:0}/job:${child(0)}`);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(retentionMs);
    expect(await outbox()).toEqual([]);
  });

  test('that outlive an erased batch leave nothing of it behind', async () => {
    const { records, requests, batchId, child, redis, root } = await setUp(1);
    await records.acceptChildren(requests);
    await redis.del(`{${root}:0}/job:${batchId}`);
    await records.finish(child(0), completed(), 'evt_2');
    expect(await redis.exists(`{${root}:0}/job:${batchId}`)).toBe(0);
  });

  test('go with their batch when it is erased', async () => {
    const { records, requests, batchId, child, keys } = await setUp(3);
    await records.acceptChildren(requests);
    await records.begin(child(0));
    await records.finish(child(1), completed(), 'evt_1');
    expect(await records.erase(batchId)).toBe(true);
    expect(await keys()).toEqual([]);
  });
});

describe('the counters of a batch', () => {
  test('are told to whoever reads it', async () => {
    const { records, requests, child, progress } = await setUp(3);
    expect(await progress()).toEqual({ total: 3, ended: 0, failed: 0 });
    await records.acceptChildren(requests);
    await records.finish(child(0), completed(), 'evt_1');
    await records.finish(child(2), ended('failed'), 'evt_2');
    await records.finish(child(2), completed(), 'evt_3');
    expect(await progress()).toEqual({ total: 3, ended: 2, failed: 1 });
  });

  test('come out right whatever order and however often children end at once', async () => {
    const states = ['completed', 'failed', 'cancelled', 'expired'] as const;
    const end = fc.record({
      index: fc.nat({ max: 9 }),
      state: fc.constantFrom(...states),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(end, { maxLength: 60, size: 'max' }), async (ends) => {
        const { records, requests, child, progress, outbox, batchId } = await setUp(10);
        await records.acceptChildren(requests);
        await Promise.all(
          ends.map(({ index, state }, i) => {
            const ending: JobEnding = state === 'completed' ? completed() : ended(state);
            return records.finish(child(index), ending, `evt_${i}`);
          }),
        );

        const children = await records.readMany(requests.map(({ jobId }) => jobId));
        const over = children.filter(({ endedAtMs }) => endedAtMs !== undefined);
        expect(over).toHaveLength(new Set(ends.map(({ index }) => index)).size);
        const failed = over.filter(({ state }) => state !== 'completed').length;
        expect(await progress()).toEqual({ total: 10, ended: over.length, failed });
        const ready = [{ eventId: batchId, jobId: batchId, kind: 'batch_ready' }];
        expect(await outbox()).toEqual(over.length === 10 ? ready : []);
      }),
      { numRuns: 25 },
    );
  });

  test('report the batch ready exactly once when 500 children end twice at the same time', async () => {
    const { records, requests, progress, outbox, batchId } = await setUp(500);
    await records.acceptChildren(requests);
    await Promise.all(
      [...requests, ...requests].map(({ jobId }, i) =>
        records.finish(jobId, completed(), `evt_${i}`),
      ),
    );
    expect(await progress()).toEqual({ total: 500, ended: 500, failed: 0 });
    expect(await outbox()).toEqual([{ eventId: batchId, jobId: batchId, kind: 'batch_ready' }]);
  });
});
