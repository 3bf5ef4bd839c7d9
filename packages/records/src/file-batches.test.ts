import { childJobId, type JobRequest } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, ended } from './fixtures.ts';

const ownedKeys = [/\}\/(live|retained|loads|tenant:|batches:|timeline:|job:|batch:|outbox)/];
/** A ticket or a file that nobody looks at. */
const part = { source: '', keys: [], args: [] };

async function setUp({ maxQueuedJobs }: { maxQueuedJobs?: number } = {}) {
  const { redis, root, keys } = await testRedis({ ownedKeys });
  const clock = createFakeClock();
  const caps = maxQueuedJobs === undefined ? {} : { maxQueuedJobs };
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000, caps };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const batchId = records.newBatchId();
  const batch: JobRequest = chatRequest(batchId, clock.now(), {
    type: 'batch',
    model: 'batch',
    input: {
      input_file_id: 'file-1',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      output_file_id: 'file-2',
      error_file_id: 'file-3',
      output_life_ms: 60_000,
    },
  });
  await records.accept(batch);
  await records.begin(batchId);
  const start = (total: number) =>
    records.movePhase(batchId, {
      from: ['validating'],
      to: 'in_progress',
      fields: { total },
      event: { type: 'batch.in_progress' },
    });
  const child = (index: number) => childJobId(batchId, index);
  const feed = (index: number) => {
    const request = chatRequest(child(index), clock.now(), { batch: { batchId, index } });
    return records.feedChild(request, { cursor: (index + 1) * 100, ticket: part });
  };
  const progress = async () => {
    const record = await records.read(batchId);
    const { fed, cursor, drained, phase, sums } = record!.fileBatch!;
    return { ...record!.progress, fed, cursor, drained, phase, sums };
  };
  const loads = async () => (await records.loads()).get('t1');
  const finish = (index: number) => records.finish(child(index), completed(), `evt_${index}`);
  return { records, redis, keys, batchId, start, child, feed, progress, loads, finish };
}

describe('the lines of a file', () => {
  test('become jobs in their order, each once, and only while the batch is in progress', async () => {
    const { feed, start, progress, records, batchId } = await setUp();
    expect(await feed(0)).toBe('over');
    await start(3);
    expect(await Promise.all([feed(0), feed(1), feed(0), feed(3)])).toEqual([
      'fed',
      'fed',
      'known',
      'gap',
    ]);
    expect(await progress()).toMatchObject({ total: 3, fed: 2, cursor: 200, phase: 'in_progress' });
    await records.movePhase(batchId, {
      from: ['in_progress'],
      to: 'cancelling',
      event: { type: 'batch.cancelling' },
    });
    expect(await feed(2)).toBe('over');
  });

  test('take no more than half of what their tenant may have', async () => {
    const { feed, start, finish } = await setUp({ maxQueuedJobs: 6 });
    await start(10);
    // The batch itself is one.
    expect([await feed(0), await feed(1), await feed(2)]).toEqual(['fed', 'fed', 'full']);
    await finish(0);
    expect(await feed(2)).toBe('fed');
  });
});

describe('results', () => {
  test('leave the batch once, with what is left of their jobs, and are counted', async () => {
    const { start, feed, finish, child, records, batchId, progress, keys, loads } = await setUp();
    await start(3);
    await Promise.all([feed(0), feed(1), feed(2)]);
    await finish(1);
    await records.finish(child(0), ended('failed'), 'evt_0');
    const before = await progress();
    expect(before).toMatchObject({ ended: 2, failed: 1, drained: 0 });
    const childIds = await records.endedChildren(batchId, 10);
    expect(childIds).toEqual([child(1), child(0)]);
    const booking = { drained: 0, fed: 3, childIds, sums: { ...before.sums, outputLines: 1 } };
    const both = await Promise.all([
      records.bookResults(batchId, booking, part),
      records.bookResults(batchId, booking, part),
    ]);
    expect(both).toEqual([true, false]);
    expect(await progress()).toMatchObject({ drained: 2, sums: { outputLines: 1 } });
    expect((await keys()).filter((key) => key.includes(child(1)))).toEqual([]);
    const page = await records.list('t1', { batchId });
    expect(page.records.map(({ jobId }) => jobId)).toEqual([child(2)]);
    expect(await loads()).toMatchObject({ queuedJobs: 2 });
    await finish(2);
    await records.finish(batchId, ended('cancelled'), 'evt');
    expect(await loads()).toBeUndefined();
  });

  test('of lines that became no job are written off once, and never behind another who fed them', async () => {
    const { start, feed, records, batchId, progress } = await setUp();
    await start(5);
    const { sums } = await progress();
    const writtenOff = { lines: 2, cursor: 300 };
    const booking = { drained: 0, fed: 0, childIds: [], writtenOff, sums };
    await feed(0);
    expect(await records.bookResults(batchId, booking, part)).toBe(false);
    expect(await records.bookResults(batchId, { ...booking, fed: 1 }, part)).toBe(true);
    expect(await records.bookResults(batchId, { ...booking, fed: 1 }, part)).toBe(false);
    expect(await progress()).toMatchObject({
      fed: 3,
      cursor: 300,
      ended: 2,
      failed: 2,
      drained: 2,
    });
    expect(await feed(3)).toBe('fed');
  });
});

test('a batch goes from phase to phase once, and nowhere when it has ended', async () => {
  const { start, records, batchId } = await setUp();
  expect(await start(1)).toEqual({ kind: 'moved' });
  expect(await start(2)).toEqual({ kind: 'refused', phase: 'in_progress', state: 'in_progress' });
  await records.finish(batchId, ended('cancelled'), 'evt');
  const late = { from: ['in_progress'], to: 'finalizing', event: { type: 'x' } } as const;
  expect(await records.movePhase(batchId, late)).toMatchObject({
    kind: 'refused',
    state: 'cancelled',
  });
  expect(await records.movePhase(records.newBatchId(), late)).toEqual({ kind: 'missing' });
});

test('batches of files have a list of their own, and are none of the jobs', async () => {
  const { records, batchId } = await setUp();
  const idsOf = async (filter: { ofFiles?: true }) =>
    (await records.list('t1', filter)).records.map(({ jobId }) => jobId);
  expect(await idsOf({ ofFiles: true })).toEqual([batchId]);
  expect(await idsOf({})).toEqual([]);
  await records.finish(batchId, ended('cancelled'), 'evt');
  await records.erase(batchId);
  expect(await idsOf({ ofFiles: true })).toEqual([]);
});
