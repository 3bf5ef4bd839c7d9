import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed } from './fixtures.ts';

const shards = 3;

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards, config, clock });
  const outbox = async () => {
    const all = Array.from({ length: shards }, (_, shard) =>
      records.readOutbox(shard, 'reader', { count: 100, blockMs: 0 }),
    );
    return (await Promise.all(all)).flat().map(({ entry }) => entry.eventId);
  };
  const end = async (eventId: string, tenantId: string) => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now(), { tenantId }));
    await records.finish(jobId, completed(), eventId);
  };
  return { records, clock, outbox, end };
}

test('the end of a job goes to the outbox where its tenant wants to know, on every shard', async () => {
  const { records, outbox, end } = await setUp();
  await records.addSubscriber('anna', 1);
  for (let i = 0; i < 6; i += 1) {
    await end(`evt_anna_${i}`, 'anna');
    await end(`evt_bert_${i}`, 'bert');
  }
  expect((await outbox()).toSorted()).toEqual(
    Array.from({ length: 6 }, (_, i) => `evt_anna_${i}`).toSorted(),
  );
});

test('a removal takes away what was asked for before it, and nothing that was asked for since', async () => {
  const { records, outbox, end } = await setUp();
  await records.addSubscriber('anna', 5);
  await records.removeSubscriber('anna', 4);
  await end('evt_1', 'anna');
  await records.addSubscriber('anna', 3);
  await records.removeSubscriber('anna', 5);
  await end('evt_2', 'anna');
  expect(await outbox()).toEqual(['evt_1']);
});

test('a batch is told of and its children are not', async () => {
  const { records, clock, outbox } = await setUp();
  await records.addSubscriber('t1', 1);
  const batchId = records.newJobId();
  await records.accept(batchRequest(batchId, clock.now(), 2));
  const children = childRequests(batchId, clock.now(), 2);
  await records.acceptChildren(children);
  for (const { jobId } of children) await records.finish(jobId, completed(), `evt_${jobId}`);
  await records.finish(batchId, completed(), 'evt_batch');
  // The first is the sign that the last child ended.
  expect(await outbox()).toEqual([batchId, 'evt_batch']);
});
