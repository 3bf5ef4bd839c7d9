import { jobStates, terminalStates, type JobState } from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { attempt, chatRequest, completed, ended, webhook } from './fixtures.ts';

const liveStates = ['queued', 'in_progress', 'paused'] as const;

async function setUp(options: { shards?: number } = {}) {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: options.shards ?? 1, config, clock });
  /** A job that is in `state`. Nothing of this package pauses a job yet, so that is written by hand. */
  const jobIn = async (state: JobState): Promise<string> => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now()));
    if (state === 'in_progress') await records.begin(jobId);
    if (state === 'paused') await redis.hset(`{${root}:0}/job:${jobId}`, 'state', 'paused');
    if (state === 'completed') await records.finish(jobId, completed(), 'evt_1');
    if (state === 'failed' || state === 'cancelled' || state === 'expired') {
      await records.finish(jobId, ended(state), 'evt_1');
    }
    return jobId;
  };
  return { redis, root, keys, clock, records, jobIn };
}

describe('accepting a job', () => {
  test('creates a queued record with all that was asked for', async () => {
    const { records, clock } = await setUp();
    const request = chatRequest(records.newJobId(), clock.now(), {
      user: 'u1',
      metadata: { a: '1' },
      webhook,
    });

    expect(await records.accept(request)).toEqual({ kind: 'created' });

    expect(await records.read(request.jobId)).toEqual({
      ...request,
      state: 'queued',
      attempts: [],
      targetIndex: 0,
      interruptions: 0,
      calls: 0,
      retries: 0,
      times: { phase: 'queued', sinceMs: request.createdAtMs, spentMs: {} },
    });
  });

  test('twice with the same id changes nothing', async () => {
    const { records, clock } = await setUp();
    const request = chatRequest(records.newJobId(), clock.now());
    await records.accept(request);
    await records.begin(request.jobId);

    expect(await records.accept(request)).toEqual({ kind: 'created' });

    expect(await records.read(request.jobId)).toMatchObject({ state: 'in_progress' });
  });

  test('keeps a large input of any Unicode text as it was', async () => {
    const { records, clock } = await setUp();
    const content = 'ünï😀\u0000\u2028"\\\n漢'.repeat(100_000);
    const request = chatRequest(records.newJobId(), clock.now(), {
      input: { messages: [{ role: 'user', content }] },
    });
    await records.accept(request);

    expect((await records.read(request.jobId))?.input).toEqual(request.input);

    const begun = await records.begin(request.jobId);
    expect(begun.kind === 'run' && begun.record.input).toEqual(request.input);
    await records.finish(request.jobId, completed(content), 'evt_1');
    expect((await records.readWithoutInput(request.jobId))?.result).toMatchObject({
      message: { content },
    });
  });

  test('keeps a lone surrogate, which UTF-8 cannot carry', async () => {
    const { records, clock } = await setUp();
    const input = { messages: [{ role: 'user' as const, content: 'a\ud800b' }] };
    const request = chatRequest(records.newJobId(), clock.now(), { input });
    await records.accept(request);

    expect((await records.read(request.jobId))?.input).toEqual(input);
  });

  test('refuses an id that is not one of these shards', async () => {
    const { records, clock } = await setUp();
    await expect(records.accept(chatRequest('job_1', clock.now()))).rejects.toThrow(TypeError);
  });
});

describe('beginning a job', () => {
  test.each(liveStates)('moves a %s job to in_progress and gives the record', async (state) => {
    const { records, clock, jobIn } = await setUp();
    const jobId = await jobIn(state);
    await clock.advance(5);

    const reply = await records.begin(jobId);

    expect(reply).toMatchObject({ kind: 'run', record: { jobId, state: 'in_progress' } });
    expect(reply).toEqual({ kind: 'run', record: await records.read(jobId) });
  });

  test('counts an interruption when the job is in progress already', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');

    expect(await records.begin(jobId)).toMatchObject({ record: { interruptions: 1 } });
    expect(await records.begin(jobId)).toMatchObject({ record: { interruptions: 2 } });

    const types = (await records.timeline(jobId)).map(({ type }) => type);
    expect(types).toEqual([
      'queued',
      'in_progress',
      'interrupted',
      'in_progress',
      'interrupted',
      'in_progress',
    ]);
  });

  test('again does not change when the job started', async () => {
    const { records, clock, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    const startedAtMs = clock.now();
    await clock.advance(1_000);
    await records.begin(jobId);
    expect(await records.read(jobId)).toMatchObject({ startedAtMs, interruptions: 1 });
  });

  test.each(terminalStates)('leaves a %s job as it is', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    const before = await records.read(jobId);

    expect(await records.begin(jobId)).toEqual({ kind: 'ended', state, targetIndex: 0 });
    expect(await records.read(jobId)).toEqual(before);
  });

  test('says when there is no such job', async () => {
    const { records, keys } = await setUp();
    expect(await records.begin(records.newJobId())).toEqual({ kind: 'missing' });
    expect(await keys()).toEqual([]);
  });
});

describe('giving a job back', () => {
  test('moves it to queued and says why it waits, until it runs again', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    const waitingOn = {
      limit: 'requests per 60 s',
      scope: 'lane' as const,
      resets_at: '2026-01-01T00:01:00.000Z',
    };

    expect(await records.requeue(jobId, { waitingOn })).toBe(true);
    expect(await records.read(jobId)).toMatchObject({ state: 'queued', waitingOn, attempts: [] });
    expect((await records.timeline(jobId)).at(-1)).toMatchObject({
      type: 'queued',
      data: { waiting_on: waitingOn },
    });

    await records.begin(jobId);
    expect(await records.read(jobId)).not.toHaveProperty('waitingOn');
  });

  test('has not started a job that only waited, but one that had an attempt', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');

    await records.requeue(jobId, {});
    expect(await records.read(jobId)).not.toHaveProperty('startedAtMs');

    await records.begin(jobId);
    await records.requeue(jobId, { attempt: attempt(1, 'failed') });
    expect(await records.read(jobId)).toHaveProperty('startedAtMs');

    await records.begin(jobId);
    await records.requeue(jobId, {});
    expect(await records.read(jobId)).toHaveProperty('startedAtMs');
  });

  test('collects attempts in order, the last one with the end', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.requeue(jobId, { attempt: attempt(1, 'failed') });
    await records.begin(jobId);
    await records.requeue(jobId, { attempt: attempt(2, 'failed') });
    await records.begin(jobId);
    await records.finish(jobId, { ...completed(), attempt: attempt(3) }, 'evt_1');

    expect((await records.read(jobId))?.attempts).toEqual([
      attempt(1, 'failed'),
      attempt(2, 'failed'),
      attempt(3),
    ]);
  });

  test('does not run a ticket of a target that the job has left', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.requeue(jobId, { targetIndex: 1, lane: 'other' });

    expect(await records.begin(jobId, { targetIndex: 0 })).toEqual({ kind: 'superseded' });
    expect((await records.read(jobId))?.state).toBe('queued');
    expect((await records.begin(jobId, { targetIndex: 1 })).kind).toBe('run');
  });

  test('falls back to the next target and drops the upstream handle', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    const handle = {
      provider: 'dify',
      state: 'started' as const,
      sent_at_ms: 1,
      run_id: 'r1',
      task_id: 'k1',
      user: 'u1',
    };
    await records.storeUpstream(jobId, handle);

    await records.requeue(jobId, { attempt: attempt(1, 'failed') });
    expect(await records.read(jobId)).toMatchObject({ upstream: handle, lane: 'sim' });

    await records.begin(jobId);
    await records.requeue(jobId, { targetIndex: 1, lane: 'other' });
    const record = await records.read(jobId);
    expect(record).toMatchObject({ targetIndex: 1, lane: 'other' });
    expect(record).not.toHaveProperty('upstream');
  });

  test('twice is once: a call whose reply was lost is sent again', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.requeue(jobId, { attempt: attempt(1, 'failed') });
    const before = await records.read(jobId);

    expect(await records.requeue(jobId, { attempt: attempt(1, 'failed') })).toBe(true);
    expect(await records.read(jobId)).toEqual(before);
  });

  test.each(['paused', ...terminalStates] as const)('leaves a %s job as it is', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    const before = await records.read(jobId);

    expect(await records.requeue(jobId, { targetIndex: 1, attempt: attempt(9) })).toBe(false);
    expect(await records.read(jobId)).toEqual(before);
  });
});

describe('pausing a job', () => {
  const answer = { form_token: 't1', action: 'yes', inputs: { comment: 'go' } };
  const types = async (records: Awaited<ReturnType<typeof setUp>>['records'], jobId: string) =>
    (await records.timeline(jobId)).map(({ type }) => type);

  test('and resuming it with an answer queues it, and the next pause forgets the answer', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    expect(await records.pause(jobId, true)).toBe(true);
    expect(await records.read(jobId)).toMatchObject({ state: 'paused' });

    expect(await records.resume(jobId, answer)).toBe('paused');
    expect(await records.readWithoutInput(jobId)).toMatchObject({ state: 'queued', answer });
    expect(await records.begin(jobId)).toMatchObject({ record: { state: 'in_progress', answer } });

    expect(await records.pause(jobId, true)).toBe(true);
    expect(await records.read(jobId)).not.toHaveProperty('answer');
    expect(await types(records, jobId)).toEqual([
      'queued',
      'in_progress',
      'paused',
      'queued',
      'in_progress',
      'paused',
    ]);
  });

  test('and looking whether it still waits tells nothing and counts as no interruption', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.pause(jobId, true);
    expect(await records.begin(jobId)).toMatchObject({ record: { state: 'in_progress' } });
    expect(await records.pause(jobId, false)).toBe(true);
    expect(await records.read(jobId)).toMatchObject({ state: 'paused', interruptions: 0 });
    expect(await types(records, jobId)).toEqual(['queued', 'in_progress', 'paused']);
  });

  test.each(['queued', ...terminalStates] as const)('leaves a %s job as it is', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    const before = await records.read(jobId);
    expect(await records.pause(jobId, true)).toBe(false);
    expect(await records.resume(jobId, answer)).toBe(state);
    expect(await records.read(jobId)).toEqual(before);
    expect(await records.resume(records.newJobId(), answer)).toBeUndefined();
  });
});

describe('keeping an upstream handle', () => {
  const handle = {
    provider: 'dify',
    state: 'started' as const,
    sent_at_ms: 1,
    run_id: 'r1',
    task_id: 'k1',
    user: 'u1',
  };

  test.each(liveStates)('works while the job is %s', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    expect(await records.storeUpstream(jobId, handle)).toBe(true);
    expect(await records.begin(jobId)).toMatchObject({ record: { upstream: handle } });
  });

  test('tells its ids in the timeline, once, and finds the job by them, on any shard', async () => {
    const { records, clock, redis, root } = await setUp({ shards: 3 });
    const jobIds = [records.newJobId(), records.newJobId(), records.newJobId()];
    for (const [i, jobId] of jobIds.entries()) {
      await records.accept(chatRequest(jobId, clock.now()));
      await records.storeUpstream(jobId, { ...handle, state: 'sent' });
      const known = { ...handle, run_id: `r${i}`, task_id: `k${i}`, conversation_id: 'c1' };
      await records.storeUpstream(jobId, known);
      await records.storeUpstream(jobId, { ...known, message_id: 'm1' });
      const told = (await records.timeline(jobId)).filter(({ type }) => type !== 'queued');
      const data = { task_id: `k${i}`, workflow_run_id: `r${i}`, conversation_id: 'c1' };
      expect(told).toMatchObject([{ type: 'upstream_started', data }]);
      expect(told).toHaveLength(1);
    }
    for (const [i, jobId] of jobIds.entries()) {
      expect(await records.jobOfUpstream(`r${i}`)).toBe(jobId);
      expect(await records.jobOfUpstream(`k${i}`)).toBe(jobId);
    }
    expect(await records.jobOfUpstream('r9')).toBeUndefined();
    const keys = await redis.keys(`{${root}:*}/upstream:*`);
    expect(keys).toHaveLength(6);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(3_600_000);
  });

  test('is told to the worker that finds the job cancelled: what it started may go on', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.storeUpstream(jobId, handle);
    await records.finish(jobId, ended('cancelled'), 'evt_1');
    expect(await records.begin(jobId)).toEqual({
      kind: 'ended',
      state: 'cancelled',
      targetIndex: 0,
      upstream: handle,
    });
  });

  test('and forgetting it leaves nothing to find', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    await records.storeUpstream(jobId, handle);
    expect(await records.storeUpstream(jobId, undefined)).toBe(true);
    expect(await records.read(jobId)).not.toHaveProperty('upstream');
  });

  test.each(terminalStates)('is refused when the job is %s', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    expect(await records.storeUpstream(jobId, handle)).toBe(false);
    expect(await records.read(jobId)).not.toHaveProperty('upstream');
  });
});

describe('finishing a job', () => {
  test.each(liveStates.flatMap((from) => terminalStates.map((to) => [from, to] as const)))(
    'ends a %s job as %s',
    async (from, to) => {
      const { records, clock, jobIn, redis, root } = await setUp();
      const jobId = await jobIn(from);
      await clock.advance(1_000);

      const ending = to === 'completed' ? completed() : ended(to);
      expect(await records.finish(jobId, ending, 'evt_1')).toEqual({ kind: 'finished' });

      expect(await records.read(jobId)).toMatchObject({ state: to, endedAtMs: clock.now() });
      expect((await records.timeline(jobId)).at(-1)).toMatchObject({ type: to });
      expect(await redis.zscore(`{${root}:0}/live`, jobId)).toBeNull();
      expect(await redis.pttl(`{${root}:0}/job:${jobId}`)).toBeGreaterThan(3_590_000);
      expect(await redis.pttl(`{${root}:0}/timeline:${jobId}`)).toBeGreaterThan(3_590_000);
    },
  );

  test('stores everything that came with the end', async () => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn('in_progress');
    const { attempt: last, ...stored } = completed('the answer');
    await records.finish(jobId, completed('the answer'), 'evt_1');

    expect(await records.read(jobId)).toMatchObject({ ...stored, attempts: [last] });
  });

  test.each(terminalStates.flatMap((from) => terminalStates.map((to) => [from, to] as const)))(
    'does nothing to a %s job, whatever the new end (%s)',
    async (from, to) => {
      const { records, jobIn, redis, root } = await setUp();
      const jobId = await jobIn(from);
      const before = await redis.hgetall(`{${root}:0}/job:${jobId}`);
      const events = await records.timeline(jobId);

      const ending = to === 'completed' ? completed('other') : ended(to);
      const reply = await records.finish(jobId, ending, 'evt_2');

      expect(reply).toEqual({ kind: 'already', state: from });
      expect(await redis.hgetall(`{${root}:0}/job:${jobId}`)).toEqual(before);
      expect(await records.timeline(jobId)).toEqual(events);
    },
  );

  test.each(jobStates)('that may only end from queued: %s', async (state) => {
    const { records, jobIn } = await setUp();
    const jobId = await jobIn(state);
    const expected =
      state === 'queued'
        ? { kind: 'finished' }
        : liveStates.some((each) => each === state)
          ? { kind: 'refused', state }
          : { kind: 'already', state };

    const options = { onlyFrom: ['queued'] as const };
    expect(await records.finish(jobId, ended('cancelled'), 'evt_1', options)).toEqual(expected);
  });

  test('does not expire a job that has started meanwhile', async () => {
    const { records, jobIn } = await setUp();
    const options = { onlyFrom: ['queued'] as const, unlessStarted: true };
    const running = await jobIn('in_progress');
    const retrying = await jobIn('in_progress');
    await records.requeue(retrying, { attempt: attempt(1, 'failed') });
    const waiting = await jobIn('in_progress');
    await records.requeue(waiting, {});

    const expire = (jobId: string) => records.finish(jobId, ended('expired'), 'evt_1', options);
    expect(await expire(running)).toEqual({ kind: 'refused', state: 'in_progress' });
    expect(await expire(retrying)).toEqual({ kind: 'refused', state: 'queued' });
    expect(await expire(waiting)).toEqual({ kind: 'finished' });
  });

  test('says when there is no such job', async () => {
    const { records, keys } = await setUp();
    expect(await records.finish(records.newJobId(), completed(), 'evt_1')).toEqual({
      kind: 'missing',
    });
    expect(await keys()).toEqual([]);
  });

  test('200 times at once with different ends has one winner and one outbox entry', async () => {
    const { records, clock, redis, root } = await setUp();
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now(), { webhook }));
    await records.begin(jobId);
    const rivals = Array.from({ length: 4 }, () => redis.duplicate());
    const config = { retentionMs: 60_000, idempotencyTtlMs: 1 };
    const fleet = rivals.map((rival) =>
      createRecords({ redis: rival, root, shards: 1, config, clock }),
    );

    const endings = Array.from({ length: 200 }, (_, i) => {
      const state = terminalStates[i % terminalStates.length] ?? 'failed';
      return state === 'completed' ? completed(`answer ${i}`) : ended(state);
    });
    const replies = await Promise.all(
      endings.map((ending, i) => fleet[i % 4]!.finish(jobId, ending, `evt_${i}`)),
    );
    rivals.forEach((rival) => rival.disconnect());

    const winner = replies.findIndex(({ kind }) => kind === 'finished');
    const state = endings[winner]?.state;
    expect(replies.filter(({ kind }) => kind === 'finished')).toHaveLength(1);
    expect(replies.filter((_, i) => i !== winner)).toEqual(
      Array.from({ length: 199 }, () => ({ kind: 'already', state })),
    );
    const entries = await records.readOutbox(0, 'c1', { count: 10, blockMs: 0 });
    expect(entries.map(({ entry }) => entry)).toEqual([
      { eventId: `evt_${winner}`, jobId, kind: 'finished' },
    ]);
  });
});

test.each(['', 'job_', 'x'.repeat(1_000_000), '}{', 'job_\0', `job_${'u'.repeat(28)}`, '../live'])(
  'a text that is no job id is a job that is not there (%#)',
  async (text) => {
    const { records, keys } = await setUp();
    expect(await records.read(text)).toBeUndefined();
    expect(await records.readWithoutInput(text)).toBeUndefined();
    expect(await records.begin(text)).toEqual({ kind: 'missing' });
    expect(await records.requeue(text, {})).toBe(false);
    expect(await records.finish(text, completed(), 'evt_1')).toEqual({ kind: 'missing' });
    expect(await records.timeline(text)).toEqual([]);
    expect(await records.erase(text)).toBe(false);
    await records.appendEvent(text, 'progress');
    await records.postpone(text, 1);
    expect(await keys()).toEqual([]);
  },
);
