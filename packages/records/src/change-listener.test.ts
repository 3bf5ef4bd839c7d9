import { createFakeClock, startTestRedis, testRedis, waitFor } from '@sluice/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { createRecords, type Records } from './create-records.ts';
import { chatRequest, completed } from './fixtures.ts';

async function setUp(url?: string) {
  const { redis, root } = await testRedis(url === undefined ? {} : { url });
  const subscriber = redis.duplicate();
  onTestFinished(() => subscriber.disconnect());
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock, subscriber });
  const accept = async () => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now()));
    return jobId;
  };
  const subscribers = async (jobId: string) => {
    const [, count] = (await redis.pubsub('NUMSUB', `{${root}:0}/changes:${jobId}`)) as [
      string,
      number,
    ];
    return count;
  };
  return { redis, subscriber, records, accept, subscribers };
}

describe('whoever waits for the end of a job', () => {
  test('is called when it ends, and not when another one does', async () => {
    const { records, accept } = await setUp();
    const [mine, other] = [await accept(), await accept()];
    const [onMine, onOther] = [vi.fn<() => void>(), vi.fn<() => void>()];
    await records.onFinished(mine, onMine);
    await records.onFinished(other, onOther);

    await records.finish(mine, completed(), 'evt_1');
    await waitFor(() => onMine.mock.calls.length > 0);
    await records.finish(other, completed(), 'evt_2');
    await waitFor(() => onOther.mock.calls.length === 2);
    expect(onMine).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['its record comes with the news', 'Hi', true],
    ['it is asked for where it is large', 'Hi'.repeat(10_000), false],
  ])('is called when it ends: %s', async (_, content, isTold) => {
    const { records, accept } = await setUp();
    const jobId = await accept();
    const told: ReturnType<Records['readWithoutInput']>[] = [];
    await records.onFinished(jobId, (read = async () => undefined) => told.push(read()));
    await records.finish(jobId, completed(content), 'evt_1');
    await waitFor(() => told.length === (isTold ? 2 : 1));
    const record = await records.readWithoutInput(jobId);
    expect(record?.state).toBe('completed');
    expect(await Promise.all(told)).toEqual(isTold ? [undefined, record] : [undefined]);
  });

  test('is one of many on one subscription, which ends with the last of them', async () => {
    const { records, accept, subscribers } = await setUp();
    const jobId = await accept();
    const listener = vi.fn<() => void>();
    const stops = await Promise.all([1, 2, 3].map(() => records.onFinished(jobId, listener)));
    expect(await subscribers(jobId)).toBe(1);

    await stops[0]!();
    await stops[0]!();
    await stops[1]!();
    expect(await subscribers(jobId)).toBe(1);
    await records.finish(jobId, completed(), 'evt_1');
    await waitFor(() => listener.mock.calls.length === 2);
    await stops[2]!();
    expect(await subscribers(jobId)).toBe(0);
  });

  test('hears of it although another one stopped waiting at the same moment', async () => {
    const { records, accept } = await setUp();
    const jobId = await accept();
    const stop = await records.onFinished(jobId, vi.fn<() => void>());
    const listener = vi.fn<() => void>();
    await Promise.all([stop(), records.onFinished(jobId, listener)]);
    await records.finish(jobId, completed(), 'evt_1');
    await waitFor(() => listener.mock.calls.length > 0);
  });

  test('is called after a lost connection, and hears of an end after it', async () => {
    const { records, accept, subscriber } = await setUp();
    const jobId = await accept();
    const listener = vi.fn<() => void>();
    await records.onFinished(jobId, listener);
    subscriber.disconnect(true);
    await waitFor(() => listener.mock.calls.length === 1);

    await waitFor(async () => {
      await records.finish(jobId, completed(), 'evt_1');
      return listener.mock.calls.length >= 2;
    });
  });

  test('hears of an end after Redis itself was away', { timeout: 20_000 }, async () => {
    const server = await startTestRedis({ appendOnly: true });
    onTestFinished(() => server.stop());
    const { records, accept, redis, subscriber } = await setUp(server.url);
    for (const connection of [redis, subscriber]) connection.on('error', () => undefined);
    const jobId = await accept();
    const listener = vi.fn<() => void>();
    await records.onFinished(jobId, listener);
    await server.kill();
    await server.restart();
    await waitFor(() => listener.mock.calls.length === 1, { timeoutMs: 10_000 });
    await records.finish(jobId, completed(), 'evt_1');
    await waitFor(() => listener.mock.calls.length >= 2);
  });

  test('for something that is no job waits for nothing', async () => {
    const { records } = await setUp();
    const stop = await records.onFinished('no job', vi.fn<() => void>());
    await expect(stop()).resolves.toBeUndefined();
  });

  test('needs a connection of its own', async () => {
    const { redis, root } = await testRedis();
    const config = { retentionMs: 1, idempotencyTtlMs: 1 };
    const records = createRecords({ redis, root, shards: 1, config, clock: createFakeClock() });
    await expect(records.onFinished(records.newJobId(), vi.fn<() => void>())).rejects.toThrow(
      TypeError,
    );
  });
});
