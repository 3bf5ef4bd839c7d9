import type { TenantCaps } from '@sluice/contracts';
import { systemClock, type LuaPart } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { expect, test, vi } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed } from './fixtures.ts';

const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };

async function setUp(shards = 1, caps: TenantCaps = {}) {
  const { redis, root } = await testRedis();
  const limited = { ...config, caps };
  const records = createRecords({ redis, root, shards, config: limited, clock: systemClock });
  const commands = vi.spyOn(redis, 'evalsha');
  const wholeTexts = vi.spyOn(redis, 'eval');
  const request = () => chatRequest(records.newJobId(), systemClock.now());
  /** Sent since the last time, with those that Redis did not know by digest. */
  const sent = () => {
    const count = commands.mock.calls.length;
    commands.mockClear();
    wholeTexts.mockClear();
    return count;
  };
  return { redis, root, records, request, sent };
}

test('acts of one turn are one command, and each gets its own reply', async () => {
  const { records, request, sent } = await setUp();
  const requests = [request(), request(), request()];
  await Promise.all(requests.map((each) => records.accept(each)));
  expect(sent()).toBe(1);
  const [first, second, third] = requests.map(({ jobId }) => jobId);
  if (!first || !second || !third) throw new Error('three jobs were accepted');
  await records.finish(second, completed(), 'evt_1');
  sent();
  const begun = await Promise.all(
    [first, second, third, 'job_unknown'].map((id) => records.begin(id)),
  );
  expect(sent()).toBe(1);
  expect(begun.map(({ kind }) => kind)).toEqual(['run', 'ended', 'run', 'missing']);
  const ended = await Promise.all(
    [first, third].map((id) => records.finish(id, completed(), 'evt_2')),
  );
  expect(ended).toEqual([{ kind: 'finished' }, { kind: 'finished' }]);
  expect((await records.read(third))?.state).toBe('completed');
});

test('an act that fails leaves those beside it alone', async () => {
  const { root, records, request } = await setUp();
  const part = (act: string): LuaPart => ({
    source: `redis.call('SET', KEYS[1], 'text', 'PX', 60000)
      if ARGV[1] == 'fail' then redis.call('LPUSH', KEYS[1], 'x') end
      return 7`,
    keys: [`{${root}:0}/placed`],
    args: [act],
  });
  const requests = ['go', 'fail', 'go'].map((act) => ({ act, request: request() }));
  const replies = await Promise.allSettled(
    requests.map(async ({ act, request: each }) => records.accept(each, undefined, part(act))),
  );
  expect(replies).toMatchObject([
    { value: { kind: 'created' } },
    { reason: { message: expect.stringContaining('WRONGTYPE') } },
    { value: { kind: 'created' } },
  ]);
  const found = await Promise.all(requests.map(({ request: { jobId } }) => records.read(jobId)));
  expect(found.map((record) => record?.state)).toEqual(['queued', undefined, 'queued']);
});

test('a tenant’s cap holds among jobs that come together', async () => {
  const { records, request, sent } = await setUp(1, { maxQueuedJobs: 3 });
  const requests = Array.from({ length: 5 }, request);
  const other = { ...request(), tenantId: 'other' };
  const replies = await Promise.all([...requests, other].map((each) => records.accept(each)));
  expect(sent()).toBe(1);
  const kinds = replies.map(({ kind }) => kind).join(' ');
  expect(kinds).toBe('created created created full full created');
  expect(replies[4]).toMatchObject({ cap: 'maxQueuedJobs', has: 3, may: 3 });
  const [first, second, third] = requests.map(({ jobId }) => jobId);
  for (const id of [first, second, third, other.jobId]) {
    await records.finish(id ?? '', completed(), `evt_${id}`);
  }
  expect(await records.accept(request())).toEqual({ kind: 'created' });
});

test('what a tenant has is counted of acts that come together as of each alone', async () => {
  const { redis, root, records, request } = await setUp();
  const loads = async () => await redis.hgetall(`{${root}:0}/loads`);
  const ids = [request(), request(), request()];
  await Promise.all(ids.map((each) => records.accept(each)));
  await Promise.all(ids.map(({ jobId }) => records.begin(jobId)));
  const one = { 't1 jobs': '1', 't1 running': '1' };
  const bytes = JSON.stringify(request().input).length;
  expect(await loads()).toEqual({ 't1 jobs': '3', 't1 running': '3', 't1 bytes': `${3 * bytes}` });
  await Promise.all(ids.slice(1).map(({ jobId }) => records.finish(jobId, completed(), 'evt_5')));
  expect(await loads()).toEqual({ ...one, 't1 bytes': `${bytes}` });
  await records.finish(ids[0]?.jobId ?? '', completed(), 'evt_6');
  expect(await loads()).toEqual({});
});

test('an act of another kind comes after those that wait for the end of the turn', async () => {
  const { records, request } = await setUp();
  const given = request();
  await records.accept(given);
  const beginning = records.begin(given.jobId, { run: 'run_1' });
  // Refused where no run has the job yet.
  expect(await records.requeue(given.jobId, { run: 'run_2' })).toBe(false);
  expect((await beginning).kind).toBe('run');
  await records.finish(given.jobId, completed(), 'evt_4');
});

test('acts in different slots of a cluster are different commands', async () => {
  const { records, request, sent } = await setUp(4);
  const requests = Array.from({ length: 40 }, request);
  await Promise.all(requests.map((each) => records.accept(each)));
  expect(sent()).toBeGreaterThanOrEqual(4);
  const kinds = await Promise.all(requests.map(async ({ jobId }) => await records.begin(jobId)));
  expect(kinds.every(({ kind }) => kind === 'run')).toBe(true);
  await Promise.all(requests.map(({ jobId }) => records.finish(jobId, completed(), 'evt_3')));
});
