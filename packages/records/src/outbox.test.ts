import { loadScript } from '@sluice/runtime';
import { createFakeClock, testRedis, waitFor } from '@sluice/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, ended, webhook } from './fixtures.ts';

async function setUp() {
  const { redis, root } = await testRedis();
  const blocking = redis.duplicate();
  onTestFinished(() => blocking.disconnect());
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock, blocking });
  const end = async (eventId: string, changes = { webhook }) => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now(), changes));
    await records.finish(jobId, completed(), eventId);
    return jobId;
  };
  const take = (consumer: string, count = 10) =>
    records.readOutbox(0, consumer, { count, blockMs: 0 });
  return { redis, root, records, clock, end, take };
}

const eventIds = (messages: { entry: { eventId: string } }[]) =>
  messages.map(({ entry }) => entry.eventId);

describe('the outbox', () => {
  test('has one entry for a job with a webhook, however it ended, and none for one without', async () => {
    const { records, clock, end, take } = await setUp();
    const withWebhook = await end('evt_1');
    const without = records.newJobId();
    await records.accept(chatRequest(without, clock.now()));
    await records.finish(without, completed(), 'evt_2');
    const expired = records.newJobId();
    await records.accept(chatRequest(expired, clock.now(), { webhook }));
    await records.finish(expired, ended('expired'), 'evt_3');

    expect((await take('c1')).map(({ entry }) => entry)).toEqual([
      { eventId: 'evt_1', jobId: withWebhook, kind: 'finished' },
      { eventId: 'evt_3', jobId: expired, kind: 'finished' },
    ]);
  });

  test('gives each entry to one consumer', async () => {
    const { end, take } = await setUp();
    for (let i = 0; i < 20; i += 1) await end(`evt_${i}`);

    const taken = await Promise.all(Array.from({ length: 10 }, (_, i) => take(`c${i % 3}`, 3)));
    const all = taken.flatMap(eventIds);
    expect(new Set(all).size).toBe(20);
    expect(all).toHaveLength(20);
  });

  test('forgets what is acknowledged and nothing else', async () => {
    const { records, end, take, redis, root } = await setUp();
    await end('evt_1');
    await end('evt_2');
    const [first] = await take('c1');
    await records.ackOutbox(0, [first!.streamId]);
    await records.ackOutbox(0, []);

    expect(await redis.xlen(`{${root}:0}/outbox`)).toBe(1);
    expect(eventIds(await records.claimOutbox(0, 'c2', 0))).toEqual(['evt_2']);
  });

  test('hands what a dead consumer left to another one, once it was long enough silent', async () => {
    const { records, end, take } = await setUp();
    await end('evt_1');
    expect(await take('dead')).toHaveLength(1);
    expect(await take('c2')).toEqual([]);
    expect(await records.claimOutbox(0, 'c2', 60_000)).toEqual([]);

    const claimed = await waitFor(async () => {
      const messages = await records.claimOutbox(0, 'c2', 20);
      return messages.length > 0 && messages;
    });
    expect(eventIds(claimed)).toEqual(['evt_1']);
    await records.ackOutbox(0, [claimed[0]!.streamId]);
    expect(await records.claimOutbox(0, 'c3', 0)).toEqual([]);
  });

  test('forgets consumers that are long silent, but none that holds an entry', async () => {
    const { end, take, records, redis, root } = await setUp();
    await end('evt_1');
    await take('holder');
    await end('evt_2');
    const [message] = await take('idle');
    await records.ackOutbox(0, [message!.streamId]);
    const dropConsumers = loadScript(import.meta.url, 'drop-consumers');
    const outbox = `{${root}:0}/outbox`;
    expect(await dropConsumers(redis, [outbox], ['deliver', 60_000])).toBe(0);
    await waitFor(async () => (await dropConsumers(redis, [outbox], ['deliver', 1])) === 1);

    expect(await dropConsumers(redis, [outbox], ['deliver', 1])).toBe(0);
    expect(eventIds(await records.claimOutbox(0, 'c2', 0))).toEqual(['evt_1']);
  });

  test('can be claimed from and acknowledged before anybody read it', async () => {
    const { records } = await setUp();
    expect(await records.claimOutbox(0, 'c1', 0)).toEqual([]);
  });

  test('wakes a consumer that waits', async () => {
    const { records, end } = await setUp();
    const waiting = records.readOutbox(0, 'c1', { count: 1, blockMs: 10_000 });
    await end('evt_1');
    expect(eventIds(await waiting)).toEqual(['evt_1']);
  });

  test('tells a consumer that waits in vain that there is nothing', async () => {
    const { records } = await setUp();
    expect(await records.readOutbox(0, 'c1', { count: 1, blockMs: 10 })).toEqual([]);
  });

  test('does not wait on a connection that others need', async () => {
    const { redis, root } = await setUp();
    const config = { retentionMs: 1, idempotencyTtlMs: 1 };
    const records = createRecords({ redis, root, shards: 1, config, clock: createFakeClock() });
    await expect(records.readOutbox(0, 'c1', { count: 1, blockMs: 10 })).rejects.toThrow(TypeError);
  });
});
