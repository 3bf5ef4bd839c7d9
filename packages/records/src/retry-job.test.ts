import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { attempt, chatRequest, completed, ended, webhook } from './fixtures.ts';

const minute = 60_000;
const noTicket = { lane: 'sim', ticket: { source: 'return 7', keys: [], args: [] } };

async function setUp() {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: minute, idempotencyTtlMs: minute };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const failedJob = async () => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now(), { webhook }));
    await records.begin(jobId);
    await records.begin(jobId);
    await records.finish(jobId, { ...ended('failed'), attempt: attempt(1, 'failed') }, 'evt_1');
    return jobId;
  };
  const read = async (jobId: string) => (await records.readSummary(jobId))!;
  return { redis, root, records, clock, failedJob, read };
}

describe('a retry', () => {
  test('queues a failed job with a clean slate, and keeps what its first try came to', async () => {
    const { redis, root, records, clock, failedJob, read } = await setUp();
    const jobId = await failedJob();
    await clock.advance(5_000);
    const before = await read(jobId);

    expect(await records.retry(before, noTicket)).toEqual({ kind: 'queued' });

    const job = await read(jobId);
    expect(job).toMatchObject({
      state: 'queued',
      attempts: [],
      interruptions: 0,
      retries: 1,
      startByMs: clock.now() + 600_000,
      earlierTries: [
        { state: 'failed', ended_at_ms: before.endedAtMs, attempts: [attempt(1, 'failed')] },
      ],
    });
    expect(job.error).toBeUndefined();
    expect(job.endedAtMs).toBeUndefined();
    const types = (await records.timeline(jobId)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['failed', 'retried']);
    // A live job has no end of its retention, and the sweeper looks after it.
    expect(await redis.pttl(`{${root}:0}/job:${jobId}`)).toBe(-1);
    expect(await redis.zcard(`{${root}:0}/retained`)).toBe(0);
    expect(await records.countLive(0)).toBe(1);
  });

  test('ends with an event of its own', async () => {
    const { records, failedJob, read } = await setUp();
    const jobId = await failedJob();
    await records.retry(await read(jobId), noTicket);
    await records.begin(jobId, { retry: 1 });
    await records.finish(jobId, completed(), 'evt_1');
    const events = await records.readOutbox(0, 'reader', { count: 10, blockMs: 0 });
    expect(events.map(({ entry }) => entry.eventId)).toEqual(['evt_1', 'evt_1_r1']);
    expect(await read(jobId)).toMatchObject({ state: 'completed', costUsd: '0.000012' });
  });

  test('by a hundred callers at once moves the job once', async () => {
    const { records, failedJob, read } = await setUp();
    const job = await read(await failedJob());
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => records.retry(job, noTicket)),
    );
    expect(replies.filter(({ kind }) => kind === 'queued')).toHaveLength(1);
    expect(new Set(replies.slice(1).map(({ kind }) => kind))).toEqual(new Set(['refused']));
    expect(await read(job.jobId)).toMatchObject({ retries: 1 });
  });

  test('that was read before another retry of the job changes nothing', async () => {
    const { records, failedJob, read } = await setUp();
    const stale = await read(await failedJob());
    await records.retry(stale, noTicket);
    await records.finish(stale.jobId, ended('failed'), 'evt_1');
    expect(await records.retry(stale, noTicket)).toEqual({ kind: 'changed' });
  });

  test('gives the second retry as much time to start and to end as the first one had', async () => {
    const { records, clock, failedJob, read } = await setUp();
    const jobId = await failedJob();
    for (let retry = 1; retry <= 2; retry += 1) {
      await clock.advance(7_000);
      await records.retry(await read(jobId), noTicket);
      const deadlines = { startByMs: clock.now() + 600_000, deadlineMs: clock.now() + 3_600_000 };
      expect(await read(jobId)).toMatchObject(deadlines);
      await records.finish(jobId, ended('failed'), 'evt_1');
    }
  });

  test('refuses a completed and a live job, and one that is gone', async () => {
    const { records, clock, failedJob, read } = await setUp();
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now()));
    const job = await read(jobId);
    expect(await records.retry(job, noTicket)).toEqual({ kind: 'refused', state: 'queued' });
    await records.finish(jobId, completed(), 'evt_1');
    expect(await records.retry(job, noTicket)).toEqual({ kind: 'refused', state: 'completed' });
    const gone = await read(await failedJob());
    await records.erase(gone.jobId);
    expect(await records.retry(gone, noTicket)).toEqual({ kind: 'missing' });
  });

  test('leaves a ticket of the try before nothing to do', async () => {
    const { records, failedJob, read } = await setUp();
    const jobId = await failedJob();
    await records.retry(await read(jobId), noTicket);
    expect(await records.begin(jobId, { retry: 0 })).toEqual({ kind: 'superseded' });
    expect(await records.begin(jobId, { retry: 1 })).toMatchObject({ kind: 'run' });
  });
});
