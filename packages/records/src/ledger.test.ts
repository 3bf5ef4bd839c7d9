import type { LedgerEntry } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { attempt, chatRequest, completed, ended } from './fixtures.ts';

const handle = {
  provider: 'dify',
  state: 'started' as const,
  sent_at_ms: 1,
  run_id: 'r',
  task_id: 't',
  user: 'u',
};

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const jobId = records.newJobId();
  await records.accept(chatRequest(jobId, clock.now()));
  const entry = (call: number): LedgerEntry => ({
    jobId,
    call,
    atMs: clock.now(),
    tenantId: 't1',
    type: 'chat',
    name: 'sim-chat',
    provider: 'sim',
    model: 'sim-1',
    outcome: 'succeeded',
    costUsd: '0.0000012',
    durationMs: 5,
  });
  const booked = async () => {
    const messages = await records.readLedger(0, '0', 100);
    return messages.map(({ entry: each, lost }) => each?.call ?? `lost ${lost?.call}`);
  };
  return { records, jobId, entry, booked, clock };
}

test('the end of a job and its call are written together, once', async () => {
  const { records, jobId, entry } = await setUp();
  await records.begin(jobId);
  await records.finish(jobId, { ...completed(), entry: entry(1) }, 'evt_1');
  await records.finish(jobId, { ...completed(), entry: entry(1) }, 'evt_1');
  const messages = await records.readLedger(0, '0', 100);
  expect(messages).toEqual([{ streamId: expect.any(String), entry: entry(1) }]);
});

test('a call of a job that goes back is written once, also when the move is sent again', async () => {
  const { records, jobId, entry, booked } = await setUp();
  await records.begin(jobId);
  await records.requeue(jobId, { attempt: attempt(1, 'failed'), entry: entry(1) });
  await records.requeue(jobId, { attempt: attempt(1, 'failed'), entry: entry(1) });
  expect(await booked()).toEqual([1]);
  expect(await records.begin(jobId)).toMatchObject({ kind: 'run', record: { calls: 1 } });
});

test('a run whose worker died is in the ledger with its request, and nothing is claimed of it', async () => {
  const { records, jobId, entry, clock } = await setUp();
  await records.begin(jobId);
  await clock.advance(1_000);
  expect(await records.begin(jobId)).toMatchObject({ record: { interruptions: 1, calls: 1 } });
  await records.finish(jobId, { ...completed(), entry: entry(2) }, 'evt_1');
  const [lost, last] = await records.readLedger(0, '0', 100);
  expect(lost?.lost).toEqual({
    request: expect.objectContaining({ jobId, tenantId: 't1', model: 'sim-chat' }),
    targetIndex: 0,
    call: 1,
    atMs: clock.now(),
  });
  expect(last?.entry?.call).toBe(2);
});

test('a lost run whose call is found again by its handle is not in the ledger', async () => {
  const { records, jobId, booked } = await setUp();
  await records.begin(jobId);
  await records.storeUpstream(jobId, handle);
  expect(await records.begin(jobId)).toMatchObject({ record: { interruptions: 1, calls: 0 } });
  expect(await booked()).toEqual([]);
});

test('a lost run whose call was sent, and may not be found again, is in the ledger', async () => {
  const { records, jobId, booked } = await setUp();
  await records.begin(jobId);
  const { run_id: _run, task_id: _task, ...sent } = handle;
  await records.storeUpstream(jobId, { ...sent, state: 'sent' });
  await records.begin(jobId);
  expect(await booked()).toEqual(['lost 1']);
});

test('the call of a run that was given up for lost is still written, once', async () => {
  const { records, jobId, entry, booked } = await setUp();
  await records.begin(jobId);
  await records.begin(jobId);
  expect(await records.bookCall(jobId, entry(1))).toBe(true);
  expect(await records.bookCall(jobId, entry(1))).toBe(false);
  expect(await booked()).toEqual(['lost 1', 1]);
});

test('the call of a cancelled job is written, once, even if the job was erased', async () => {
  const { records, jobId, entry, booked } = await setUp();
  await records.begin(jobId);
  await records.finish(jobId, ended('cancelled'), 'evt_1');
  expect(await records.bookCall(jobId, entry(1))).toBe(true);
  expect(await records.bookCall(jobId, entry(1))).toBe(false);
  await records.erase(jobId);
  expect(await records.bookCall(jobId, entry(2))).toBe(true);
  expect(await booked()).toEqual([1, 2]);
});

test('a job that was cancelled while it ran shows what its call came to, unless it was retried', async () => {
  const { records, jobId, entry } = await setUp();
  const run = 'worker_a.1.1';
  await records.begin(jobId, { run });
  await records.finish(jobId, ended('cancelled'), 'evt_1');
  const shownAttempt = {
    number: 1,
    provider: 'p',
    model: 'm',
    started_at_ms: 1,
    ended_at_ms: 2,
    outcome: 'cancelled',
  } as const;
  const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7, source: 'estimate' } as const;
  const cut = { run, attempt: shownAttempt, usage, costUsd: '0.000007' };
  expect(await records.bookCall(jobId, entry(1), { ...cut, run: 'worker_b.2.1' })).toBe(true);
  expect(await records.read(jobId)).toMatchObject({ state: 'cancelled', attempts: [] });
  expect(await records.bookCall(jobId, entry(2), cut)).toBe(true);
  expect(await records.bookCall(jobId, entry(2), cut)).toBe(false);
  const shown = { state: 'cancelled', attempts: [shownAttempt], usage, costUsd: '0.000007' };
  expect(await records.read(jobId)).toMatchObject(shown);
  const job = await records.readSummary(jobId);
  await records.retry(job!, { lane: 'sim', ticket: { source: '', keys: [], args: [] } });
  expect(await records.bookCall(jobId, entry(3), cut)).toBe(true);
  expect(await records.read(jobId)).toMatchObject({ state: 'queued', attempts: [] });
});

test('is read in pieces, and trimmed by age as far as it was read', async () => {
  const { records, jobId, entry, clock } = await setUp();
  for (let call = 1; call <= 300; call += 1) await records.bookCall(jobId, entry(call));
  const [first] = await records.readLedger(0, '0', 1);
  const rest = await records.readLedger(0, first!.streamId, 1_000);
  expect(rest.map((message) => message.entry?.call)).toEqual(
    Array.from({ length: 299 }, (_, i) => i + 2),
  );
  const lastMs = Number(rest.at(-1)!.streamId.split('-')[0]);
  await clock.advance(lastMs + 30_000 - clock.now());
  await records.trimLedger(0, lastMs + 1);
  expect(await records.readLedger(0, '0', 1_000)).toHaveLength(300);
  await clock.advance(lastMs + 90_000 - clock.now());
  await records.trimLedger(0, 0);
  expect(await records.readLedger(0, '0', 1_000)).toHaveLength(300);
  await records.trimLedger(0, lastMs + 1);
  expect((await records.readLedger(0, '0', 1_000)).length).toBeLessThan(150);
});
