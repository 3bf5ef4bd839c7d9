import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { attempt, batchRequest, chatRequest, childRequests, completed, ended } from './fixtures.ts';

async function setUp({ shards = 1, caps = {} } = {}) {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000, caps };
  const records = createRecords({ redis, root, shards, config, clock });
  const submit = async (changes: Parameters<typeof chatRequest>[2] = {}) => {
    const jobId = records.newJobId();
    const reply = await records.accept(chatRequest(jobId, clock.now(), changes));
    return { jobId, reply };
  };
  const endAll = async (jobIds: string[]) => {
    for (const jobId of jobIds) await records.finish(jobId, ended('cancelled'), `evt_${jobId}`);
  };
  return { redis, root, keys, clock, records, submit, endAll };
}

const created = { kind: 'created' };

test('a tenant gets no more jobs than it may have, until one of them has ended', async () => {
  const { records, submit, endAll } = await setUp({ caps: { maxQueuedJobs: 2 } });
  const [first, second, third] = [await submit(), await submit(), await submit()];
  expect([first.reply, second.reply]).toEqual([created, created]);
  expect(third.reply).toEqual({ kind: 'full', cap: 'maxQueuedJobs', has: 2, may: 2 });
  expect(await records.read(third.jobId)).toBeUndefined();
  expect((await submit({ tenantId: 't2' })).reply).toEqual(created);

  await records.begin(first.jobId);
  expect((await submit()).reply.kind).toBe('full');
  await records.finish(first.jobId, completed(), 'evt_1');
  await endAll([first.jobId]);
  expect((await submit()).reply).toEqual(created);
  expect((await submit()).reply.kind).toBe('full');
});

test('bytes of inputs are capped too, and come back with the job', async () => {
  const input = { messages: [{ role: 'user' as const, content: 'é'.repeat(100) }] };
  const size = Buffer.byteLength(JSON.stringify(input));
  const { submit, endAll } = await setUp({ caps: { maxQueuedBytes: 2 * size } });
  const [first, second] = [await submit({ input }), await submit({ input })];
  expect([first.reply, second.reply]).toEqual([created, created]);
  const full = { kind: 'full', cap: 'maxQueuedBytes', has: 2 * size, may: 2 * size };
  expect((await submit()).reply).toEqual(full);
  await endAll([first.jobId]);
  expect((await submit({ input })).reply).toEqual(created);
});

test('a batch counts with all of its children, from its accept to the end of each of them', async () => {
  const { records, clock, submit, keys } = await setUp({ caps: { maxQueuedJobs: 5 } });
  const jobId = records.newJobId();
  const accept = (size: number) => records.accept(batchRequest(jobId, clock.now(), size));
  expect(await accept(5)).toMatchObject({ kind: 'full', has: 0, may: 5 });
  expect(await accept(3)).toEqual(created);
  const load = async () => (await records.loads()).get('t1')?.queuedJobs ?? 0;
  expect(await load()).toBe(4);
  const [child] = childRequests(jobId, clock.now(), 3);
  await records.acceptChildren([child!]);
  await records.acceptChildren([child!]);
  expect(await load()).toBe(4);
  expect((await submit()).reply).toEqual(created);
  expect((await submit()).reply.kind).toBe('full');

  // Two children were never made: they go with the batch, the third on its own.
  await records.finish(jobId, ended('cancelled'), 'evt_1');
  expect(await load()).toBe(2);
  await records.erase(child!.jobId);
  expect(await load()).toBe(1);
  for (const { jobId: id } of (await records.list('t1', {})).records) await records.erase(id);
  expect(await records.loads()).toEqual(new Map());
  expect((await keys()).filter((key) => key.endsWith('/loads'))).toEqual([]);
});

test('the answer to an Idempotency-Key is the same when the tenant is full', async () => {
  const { records, clock } = await setUp({ caps: { maxQueuedJobs: 1 } });
  const idempotency = { key: 'k', fingerprint: 'f' };
  const accept = (key: string) => {
    const jobId = records.newJobId({ tenantId: 't1', idempotencyKey: key });
    return records.accept(chatRequest(jobId, clock.now()), { ...idempotency, key });
  };
  expect(await accept('k')).toEqual(created);
  expect(await accept('k')).toMatchObject({ kind: 'replayed' });
  expect(await accept('other')).toMatchObject({ kind: 'full' });
  // What was refused is not remembered.
  const [{ jobId } = { jobId: '' }] = (await records.list('t1', {})).records;
  await records.erase(jobId);
  expect(await accept('other')).toEqual(created);
});

test('caps of a tenant’s own go before the configuration’s, and can be taken back', async () => {
  const { records, submit } = await setUp({ caps: { maxQueuedJobs: 1 } });
  await records.setCaps('t1', { maxQueuedJobs: 2, maxConcurrency: 7 });
  expect(await records.caps('t1')).toEqual({ maxQueuedJobs: 2, maxConcurrency: 7 });
  const replies = [await submit(), await submit(), await submit()].map(({ reply }) => reply.kind);
  expect(replies).toEqual(['created', 'created', 'full']);
  await records.setCaps('t1', { maxQueuedJobs: null });
  expect(await records.caps('t1')).toEqual({ maxConcurrency: 7 });
  expect((await submit()).reply).toMatchObject({ has: 2, may: 1 });
  records.replaceCaps({ maxQueuedJobs: 3 });
  expect((await submit()).reply).toEqual(created);
});

test('shards share a cap', async () => {
  const { submit, records } = await setUp({ shards: 4, caps: { maxQueuedJobs: 8 } });
  const replies = [];
  for (let i = 0; i < 9; i += 1) replies.push((await submit()).reply.kind);
  expect(replies.filter((kind) => kind === 'created')).toHaveLength(8);
  expect((await records.loads()).get('t1')?.queuedJobs).toBe(8);
});

test('no more jobs of a tenant run than may; the others are told to come back one after the other', async () => {
  const { records, submit, clock } = await setUp({ caps: { maxConcurrency: 2 } });
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) ids.push((await submit()).jobId);
  const [a = '', b = '', c = '', d = '', e = ''] = ids;
  await records.begin(a);
  await records.begin(b);
  const waits = [];
  for (const id of [c, d, e]) {
    const reply = await records.begin(id);
    expect(reply.kind).toBe('full');
    waits.push(reply.kind === 'full' ? reply.waitMs : 0);
  }
  expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  expect(new Set(waits).size).toBe(3);
  expect((await submit({ tenantId: 't2' })).reply).toEqual(created);

  // One that a dead worker left behind runs already.
  expect((await records.begin(a)).kind).toBe('run');
  expect((await records.begin(c)).kind).toBe('full');
  await records.requeue(a, { attempt: attempt(1, 'failed') });
  expect((await records.begin(c)).kind).toBe('run');
  expect((await records.begin(a)).kind).toBe('full');
  await clock.advance(1_000);
  await records.finish(b, completed(), 'evt_1');
  expect((await records.begin(d)).kind).toBe('run');
  await records.pause(d, true);
  expect((await records.begin(e)).kind).toBe('run');
  for (const id of ids) await records.erase(id);
  expect((await records.loads()).get('t1')).toBeUndefined();
});

test('why a job could not begin is shown, and told in its timeline once', async () => {
  const { records, submit, clock } = await setUp();
  const { jobId } = await submit();
  const waitingOn = { limit: 'max_concurrency', scope: 'tenant' as const, resets_at: 'soon' };
  await clock.advance(100);
  expect(await records.noteWait(jobId, waitingOn)).toBe(true);
  await clock.advance(50);
  expect(await records.noteWait(jobId, { ...waitingOn, resets_at: 'later' })).toBe(true);
  expect(await records.read(jobId)).toMatchObject({
    waitingOn: { resets_at: 'later' },
    times: { phase: 'limited', spentMs: { queued: 100, limited: 50 } },
  });
  expect(await records.timeline(jobId)).toHaveLength(2);
  await records.begin(jobId);
  expect(await records.noteWait(jobId, waitingOn)).toBe(false);
  await records.erase(jobId);
});
