import type { LedgerEntry, NativePart } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest } from './fixtures.ts';

const planned: NativePart = {
  state: 'planned',
  provider: 'openai',
  model: 'gpt',
  type: 'chat',
  from: 0,
  cursor: 0,
  to: 20,
  lines: 20,
};
const sent: NativePart = { ...planned, state: 'sent', vendorId: 'batch_1' };
/** Files that nobody looks at. */
const part = { source: '', keys: [], args: [] };
const ownedKeys = [/\}\/(live|retained|loads|batches:|timeline:|job:|ledger)/];

async function setUp() {
  const { redis, root } = await testRedis({ ownedKeys });
  const clock = createFakeClock();
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const batchId = records.newBatchId();
  const input = {
    input_file_id: 'file-1',
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    output_file_id: 'file-2',
    error_file_id: 'file-3',
    output_life_ms: 60_000,
  } as const;
  await records.accept(chatRequest(batchId, clock.now(), { type: 'batch', model: 'batch', input }));
  await records.begin(batchId);
  await records.movePhase(batchId, {
    from: ['validating'],
    to: 'in_progress',
    fields: { total: 20, native: JSON.stringify([planned]) },
    event: { type: 'batch.in_progress' },
  });
  const read = async () => (await records.read(batchId))!;
  const { sums } = (await read()).fileBatch!;
  const entry = (jobId: string): LedgerEntry => ({
    jobId,
    call: 1,
    atMs: 1,
    tenantId: 't1',
    type: 'chat',
    name: 'fast',
    provider: 'openai',
    model: 'gpt',
    outcome: 'succeeded',
    costUsd: '0.1',
    priceClass: 'batch',
    durationMs: 1,
  });
  const book = (drained: number, indexes: number[], failed = 0) => {
    const entries = indexes.map((index) => entry(`${batchId}_${index}`));
    return records.bookNative(batchId, { drained, indexes, failed, entries, sums }, part);
  };
  return { records, batchId, read, book };
}

test('a batch at a vendor moves on only from what it was, with what the timeline tells of it', async () => {
  const { records, batchId, read } = await setUp();
  const event = { type: 'batch.sent', data: { upstream_id: 'batch_1' } };
  const move = { from: [planned], to: [sent], event };
  expect(await records.moveNative(batchId, move)).toBe(true);
  expect(await records.moveNative(batchId, move)).toBe(false);
  expect((await read()).fileBatch?.native).toEqual([sent]);
  const types = (await records.timeline(batchId)).map(({ type }) => type);
  expect(types.filter((type) => type === 'batch.sent')).toHaveLength(1);
  await records.finish(batchId, { state: 'cancelled', error: cancelled }, 'evt_1');
  expect(await records.moveNative(batchId, { from: [sent], to: [planned] })).toBe(false);
});

const cancelled = { code: 'cancelled', message: 'over', retryable: false } as const;

test('lines are booked once, with their calls, in any order', async () => {
  const { records, batchId, read, book } = await setUp();
  expect(await book(0, [19, 3, 8], 1)).toBe(true);
  expect(await book(0, [4])).toBe(false);
  const { progress, fileBatch } = await read();
  expect(progress).toEqual({ total: 20, ended: 3, failed: 1 });
  expect(fileBatch).toMatchObject({ fed: 3, drained: 3 });
  const isDone = await records.readDone(batchId);
  const done = Array.from({ length: 24 }, (_, index) => index).filter(isDone);
  expect(done).toEqual([3, 8, 19]);
  const ledger = await records.readLedger(0, '0', 10);
  expect(ledger.map(({ entry }) => entry?.jobId)).toEqual([19, 3, 8].map((i) => `${batchId}_${i}`));
});
