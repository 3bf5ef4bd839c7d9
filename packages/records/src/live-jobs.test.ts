import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { batchRequest, chatRequest, childRequests, completed, webhook } from './fixtures.ts';
import { nextCheckAt } from './next-check.ts';

async function setUp(shards = 1, retentionMs = 3_600_000) {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs, idempotencyTtlMs: 200 };
  const records = createRecords({ redis, root, shards, config, clock });
  const accept = async (startInMs = 600_000) => {
    const jobId = records.newJobId();
    const startByMs = clock.now() + startInMs;
    await records.accept(chatRequest(jobId, clock.now(), { startByMs }));
    return jobId;
  };
  const due = async (shard = 0) => (await records.due(shard, 100)).map(({ jobId }) => jobId);
  return { redis, root, keys, clock, records, accept, due };
}

describe('what the sweeper looks at', () => {
  test('is a job 30 s after its accept, or when it must have started', async () => {
    const { accept, due, clock } = await setUp();
    const patient = await accept();
    const hasty = await accept(10_000);

    await clock.advance(9_999);
    expect(await due()).toEqual([]);
    await clock.advance(1);
    expect(await due()).toEqual([hasty]);
    await clock.advance(20_000);
    expect(await due()).toEqual([hasty, patient]);
  });

  test('is enough to make a ticket anew or to expire the job', async () => {
    const { accept, records, clock } = await setUp();
    const jobId = await accept(10_000);
    const accepted = (await records.read(jobId))!;
    await records.begin(jobId);
    await records.requeue(jobId, { targetIndex: 1, lane: 'other' });
    await clock.advance(10_000);

    const { input: _, ...summary } = accepted;
    expect(await records.due(0, 1)).toEqual([{ ...summary, targetIndex: 1, lane: 'other' }]);
  });

  test('comes back when it was postponed to, until it ends', async () => {
    const { accept, due, records, clock } = await setUp();
    const jobId = await accept(3_600_000);
    await clock.advance(100_000);
    const [job] = await records.due(0, 1);
    const next = nextCheckAt(job!, clock.now());
    await records.postpone(jobId, next);

    expect(await due()).toEqual([]);
    await clock.advance(next - clock.now());
    expect(await due()).toEqual([jobId]);
    await records.finish(jobId, completed(), 'evt_1');
    await records.postpone(jobId, 0);
    expect(await due()).toEqual([]);
    expect(await records.countLive(0)).toBe(0);
  });

  test('is bounded, the longest overdue first', async () => {
    const { accept, records, clock } = await setUp();
    const jobIds: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      jobIds.push(await accept());
      await clock.advance(10);
    }
    await clock.advance(60_000);
    expect((await records.due(0, 3)).map(({ jobId }) => jobId)).toEqual(jobIds.slice(0, 3));
  });

  test('is of one shard', async () => {
    const { accept, due, clock } = await setUp(3);
    const jobIds = [await accept(), await accept(), await accept()];
    await clock.advance(60_000);
    const perShard = await Promise.all([due(0), due(1), due(2)]);
    expect(perShard.map((each) => each.length)).toEqual([1, 1, 1]);
    expect(perShard.flat().toSorted()).toEqual(jobIds.toSorted());
  });

  test('is not a job whose record somebody deleted', async () => {
    const { accept, due, records, clock, redis, root } = await setUp();
    const jobId = await accept();
    await redis.del(`{${root}:0}/job:${jobId}`);
    await clock.advance(60_000);
    expect(await due()).toEqual([]);
    expect(await records.countLive(0)).toBe(0);
  });
});

describe('after everything ended and was swept', () => {
  test('only the outbox and places of what is still retained have no TTL', async () => {
    const { records, clock, redis, keys, root } = await setUp(2);
    await endSomeJobs(records, clock);
    const lasting: string[] = [];
    for (const key of await keys()) if ((await redis.pttl(key)) === -1) lasting.push(key);

    const owned = /\/(live|retained|tenant:t[12]|outbox|ledger)$/;
    expect(lasting.filter((key) => !owned.test(key))).toEqual([]);
    expect(lasting.some((key) => key.endsWith('/live'))).toBe(false);
    expect(lasting.length).toBeGreaterThan(0);
    expect(root).toBeTruthy();
  });

  test('and the retention is over, only an empty outbox is left', async () => {
    const { records, clock, keys, redis } = await setUp(2, 200);
    await endSomeJobs(records, clock);
    await emptyOutbox(records);
    // Records go by Redis's time, places in indexes by ours.
    await expect.poll(async () => (await keys()).filter((key) => /\/job:/.test(key))).toEqual([]);
    await clock.advance(200);
    expect(await records.trimIndexes(0, 1)).toBe(1);
    for (const shard of [0, 1]) while ((await records.trimIndexes(shard, 3)) === 3);

    const left = await keys();
    expect(left.every((key) => key.endsWith('/outbox'))).toBe(true);
    for (const key of left) expect(await redis.xlen(key)).toBe(0);
    expect((await records.list('t1', {})).records).toEqual([]);
  });

  test('what is still retained stays listed', async () => {
    const { records, clock, accept } = await setUp();
    const early = await accept();
    await records.finish(early, completed(), 'evt_1');
    await clock.advance(3_000_000);
    const late = await accept();
    await records.finish(late, completed(), 'evt_2');
    await clock.advance(1_000_000);

    expect(await records.trimIndexes(0, 100)).toBe(1);
    const listed = (await records.list('t1', {})).records.map(({ jobId }) => jobId);
    expect(listed).toEqual([late]);
  });
});

type SetUp = Awaited<ReturnType<typeof setUp>>;

/** Jobs of two tenants with and without webhooks and Idempotency-Keys, and a batch: all run and ended. */
async function endSomeJobs(records: SetUp['records'], clock: SetUp['clock']): Promise<void> {
  const jobIds: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    const tenantId = `t${1 + (i % 2)}`;
    const key = `k${i}`;
    const jobId = records.newJobId({ tenantId, idempotencyKey: key });
    const changes = { tenantId, startByMs: clock.now(), ...(i % 3 === 0 && { webhook }) };
    await records.accept(chatRequest(jobId, clock.now(), changes), { key, fingerprint: 'f' });
    jobIds.push(jobId);
  }
  const batchId = records.newJobId();
  await records.accept(batchRequest(batchId, clock.now(), 3));
  const children = childRequests(batchId, clock.now(), 3).map((request) =>
    Object.assign(request, { startByMs: clock.now() }),
  );
  await records.acceptChildren(children);
  for (const jobId of [...jobIds, ...children.map((child) => child.jobId), batchId]) {
    await records.begin(jobId);
    await records.finish(jobId, completed(), `evt_${jobId}`);
  }
}

async function emptyOutbox(records: SetUp['records']): Promise<void> {
  for (const shard of [0, 1]) {
    const messages = await records.readOutbox(shard, 'c1', { count: 1_000, blockMs: 0 });
    await records.ackOutbox(
      shard,
      messages.map(({ streamId }) => streamId),
    );
  }
}
