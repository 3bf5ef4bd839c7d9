import type { JobEnding } from '@sluice/contracts';
import { createRecords, type Records } from '@sluice/records';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { completed } from '../testing/end-job.ts';
import { createJobFollower, type FollowedPage } from './job-follower.ts';

async function setUp() {
  const { redis, root } = await testRedis();
  const subscriber = redis.duplicate();
  onTestFinished(() => subscriber.disconnect());
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 3_600_000 };
  const clock = systemClock;
  const records = createRecords({ redis, root, shards: 1, config, clock, subscriber });
  let reads = 0;
  const counted: Records = {
    ...records,
    readEvents: (...args) => {
      reads += 1;
      return records.readEvents(...args);
    },
  };
  const log = createLogger({ name: 'test', level: 'silent' });
  const follower = createJobFollower({ records: counted, clock, log });
  const jobId = records.newJobId();
  await records.accept({
    jobId,
    tenantId: 't1',
    type: 'chat',
    model: 'm',
    input: { messages: [{ role: 'user', content: 'Hi' }] },
    priority: 'normal',
    lane: 'l',
    createdAtMs: clock.now(),
    startByMs: clock.now() + 60_000,
    deadlineMs: clock.now() + 3_600_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'default',
  });
  await records.begin(jobId);
  let number = 0;
  const say = (content: string) =>
    records.appendDelta(jobId, {
      tenantId: 't1',
      run: 'a',
      number: (number += 1),
      attempt: 1,
      delta: { content },
    });
  const finish = (ending: JobEnding = completed) => records.finish(jobId, ending, 'evt_1');
  return { follower, records, jobId, say, finish, reads: () => reads };
}

const never = new AbortController().signal;

async function typesOf(pages: AsyncIterable<FollowedPage>): Promise<string[]> {
  const types: string[] = [];
  for await (const { events } of pages) types.push(...events.map(({ type }) => type));
  return types;
}

describe('following a job', () => {
  it('reads Redis for all readers of a process at once', async () => {
    const { follower, jobId, say, finish, reads } = await setUp();
    const readers = Array.from({ length: 200 }, () =>
      typesOf(follower.follow(jobId, { signal: never })),
    );
    for (let i = 0; i < 20; i += 1) {
      await say(`${i}`);
      await systemClock.sleep(2);
    }
    await finish();
    const all = await Promise.all(readers);
    expect(new Set(all.map((types) => types.join())).size).toBe(1);
    expect(all[0]).toEqual(['queued', 'in_progress', ...Array(20).fill('delta'), 'completed']);
    // Each change is one read; a few more where a change came while readers were still on their way.
    expect(reads()).toBeLessThan(200);
  });

  it('keeps nothing for a reader that does not ask', async () => {
    const { follower, jobId, say, finish, reads } = await setUp();
    const slow = follower.follow(jobId, { signal: never });
    const first = await slow.next();
    expect(first.value?.events).toHaveLength(2);
    const before = reads();
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => say(`${i}`)));
    expect(reads()).toBe(before);
    await finish();
    const types = await typesOf(slow);
    expect(types.filter((type) => type === 'delta')).toHaveLength(1_200);
    expect(types.at(-1)).toBe('completed');
  });

  it('ends when its reader goes, whatever it waits for, and is as new for the next one', async () => {
    const { follower, jobId, finish } = await setUp();
    for (let i = 0; i < 3; i += 1) {
      const gone = new AbortController();
      const reading = typesOf(follower.follow(jobId, { signal: gone.signal }));
      await systemClock.sleep(5);
      gone.abort();
      expect(await reading).toEqual(['queued', 'in_progress']);
    }
    expect(await typesOf(follower.follow(jobId, { signal: AbortSignal.abort() }))).toEqual([]);
    await finish();
    expect((await typesOf(follower.follow(jobId, { signal: never }))).at(-1)).toBe('completed');
  });

  it('gives the job as it ended with the last page', async () => {
    const { follower, jobId, finish } = await setUp();
    await finish();
    const pages = [];
    for await (const page of follower.follow(jobId, { signal: never })) pages.push(page);
    expect(pages.at(-1)?.ended).toMatchObject({ state: 'completed', result: { type: 'chat' } });
  });

  it('of one that is not there ends at once', async () => {
    const { follower, records } = await setUp();
    const none = follower.follow(records.newJobId(), { signal: never });
    expect(await typesOf(none)).toEqual([]);
  });
});
