import { randomBytes } from 'node:crypto';

import {
  openBytesWith,
  openWith,
  sealBytesWith,
  sealWith,
  systemClock,
  type Seals,
} from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { describe, expect, it } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, webhook } from './fixtures.ts';

const ownedKeys = [/\}\/(live|retained|tenant:|job:|outbox|loads|timeline:|deltas:)/];

/** One key for every tenant, until they are erased. */
function createSeals(): Seals & { erase(): void } {
  const key = { id: 'k1', bytes: randomBytes(32) };
  let erased = false;
  return {
    erase: () => void (erased = true),
    of: async (tenantId) =>
      erased
        ? undefined
        : {
            seal: (text, about) => sealWith(key, text, `${tenantId}/${about}`),
            open: (text, about) => openWith(key.bytes, text, `${tenantId}/${about}`),
            sealBytes: (bytes, about) => sealBytesWith(key, bytes, `${tenantId}/${about}`),
            openBytes: (bytes, about) => openBytesWith(key.bytes, bytes, `${tenantId}/${about}`),
          },
  };
}

async function start() {
  const { redis, root } = await testRedis({ ownedKeys });
  const config = { retentionMs: 60_000, idempotencyTtlMs: 60_000 };
  const deps = { redis, root, shards: 1, config, clock: systemClock };
  const seals = createSeals();
  const records = createRecords({ ...deps, seals });
  const jobId = records.newJobId();
  const request = chatRequest(jobId, systemClock.now(), { webhook });
  await records.accept(request);
  const stored = async () => JSON.stringify(await redis.hgetall(`{${root}:0}/job:${jobId}`));
  return { records, inClear: createRecords(deps), seals, jobId, request, stored, redis, root };
}

describe('a sealed record', () => {
  it('reads as it was written, in every way to read it, and is stored in no other', async () => {
    const { records, jobId, request, stored } = await start();
    expect(await records.begin(jobId)).toMatchObject({ kind: 'run', record: request });
    await records.finish(jobId, completed('a secret answer'), 'evt_1');
    expect(await records.read(jobId)).toMatchObject({
      input: request.input,
      webhook,
      result: { message: { content: 'a secret answer' } },
    });
    expect(await records.readWithoutInput(jobId)).toMatchObject({
      webhook,
      result: { message: { content: 'a secret answer' } },
    });
    expect((await records.readSummary(jobId))?.webhook).toEqual(webhook);
    expect((await records.list('t1', {})).records[0]?.webhook).toEqual(webhook);
    for (const text of ['Hello', 'a secret answer', webhook.secret]) {
      expect(await stored()).not.toContain(text);
    }
  });

  it('has pieces of an answer that only it can read', async () => {
    const { records, inClear, jobId, seals, redis, root } = await start();
    await records.begin(jobId);
    const piece = { tenantId: 't1', run: 'a', number: 1, attempt: 1 };
    await records.appendDelta(jobId, { ...piece, delta: { content: 'a secret piece' } });
    await inClear.appendDelta(jobId, { ...piece, number: 2, delta: { content: 'in clear' } });
    const stored = await redis.lrange(`{${root}:0}/deltas:${jobId}`, 0, '-1');
    expect(stored.join()).not.toContain('secret');
    const read = async () => (await records.readEvents(jobId, { timeline: 1, deltas: 0 }))?.events;
    expect(await read()).toMatchObject([
      { type: 'delta', data: { attempt: 1, delta: { content: 'a secret piece' } } },
      { type: 'delta', data: { attempt: 1, delta: { content: 'in clear' } } },
    ]);
    seals.erase();
    expect(await read()).toBeUndefined();
    expect(await records.appendDelta(jobId, { ...piece, number: 3, delta: {} })).toBe(false);
  });

  it('is gone with its tenant, and what still runs of it ends nowhere', async () => {
    const { records, jobId, seals, stored } = await start();
    seals.erase();
    expect(await records.begin(jobId)).toEqual({ kind: 'missing' });
    expect(await records.finish(jobId, completed('unread'), 'evt_1')).toEqual({ kind: 'finished' });
    expect(await records.read(jobId)).toBeUndefined();
    expect(await records.readSummary(jobId)).toBeUndefined();
    expect(await stored()).not.toContain('unread');
  });

  it('says what is missing where no master key is configured', async () => {
    const { inClear, jobId } = await start();
    await expect(inClear.read(jobId)).rejects.toThrow(/no master key is configured/);
  });

  it('opens in no other job’s place', async () => {
    const { records, jobId, redis, root } = await start();
    const other = records.newJobId();
    await redis.copy(`{${root}:0}/job:${jobId}`, `{${root}:0}/job:${other}`);
    await expect(records.read(other)).rejects.toThrow(/cannot be decrypted/);
  });
});

it('records of the time before encryption read as ever', async () => {
  const { records, inClear } = await start();
  const jobId = inClear.newJobId();
  const request = chatRequest(jobId, systemClock.now(), { webhook });
  await inClear.accept(request);
  expect(await records.read(jobId)).toMatchObject({ input: request.input, webhook });
});
