import type { JobRecord, RunResult, TextDelta } from '@sluice/contracts';
import { beforeAllEvents, createRecords } from '@sluice/records';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis, waitFor } from '@sluice/testing';
import { joinDeltas } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';

import { AnswerStream } from './answer-stream.ts';

async function setUp(more: Partial<JobRecord> = { stream: true }) {
  const { redis, root } = await testRedis();
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 3_600_000 };
  const clock = systemClock;
  const records = createRecords({ redis, root, shards: 1, config, clock });
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
    ...more,
  });
  // As in production Redis knows the script: a first call that is sent again would come behind the end of the job.
  await records.appendDelta(records.newJobId(), {
    tenantId: 't1',
    run: 'r',
    number: 1,
    attempt: 1,
  });
  const begun = await records.begin(jobId);
  if (begun.kind !== 'run') throw new Error(begun.kind);
  const log = createLogger({ name: 'test', level: 'silent' });
  const answer = () => new AnswerStream(begun.record, { records, clock, log });
  /** The events of the answer, after everything that was sent has arrived. */
  const told = async () => {
    await records.finish(jobId, cancelled, 'evt_1');
    const page = await records.readEvents(jobId, beforeAllEvents);
    return (page?.events ?? []).filter(({ type }) => type === 'delta' || type === 'restart');
  };
  const text = async () => {
    let said: TextDelta = {};
    for (const { type, data } of await told()) {
      said = type === 'restart' ? {} : joinDeltas(said, (data as { delta: TextDelta }).delta);
    }
    return said;
  };
  return { redis, root, jobId, answer, told, text };
}

const cancelled = {
  state: 'cancelled',
  error: { code: 'cancelled', message: 'over', retryable: false },
} as const;

function chatResult(message: object): RunResult {
  return {
    type: 'chat',
    message: { role: 'assistant', content: null, ...message },
    finish_reason: { unified: 'stop', raw: 'stop' },
  };
}

const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } } as const;

describe('the pieces of an answer', () => {
  it('go out as they come, collected while one is on its way', async () => {
    const { answer, told, text } = await setUp();
    const stream = answer();
    for (let i = 0; i < 200; i += 1) stream.add({ content: `${i} ` });
    stream.finish(chatResult({ content: stream.said.content }));
    expect((await told()).length).toBeLessThan(5);
    expect((await text()).content).toBe(stream.said.content);
  });

  it('are not sent of a job that does not stream, which knows what was said all the same', async () => {
    const { answer, told } = await setUp({});
    const stream = answer();
    stream.add({ content: 'Hel' });
    stream.add({ content: 'lo' });
    expect(stream.said).toEqual({ content: 'Hello' });
    stream.finish(chatResult({ content: 'Hello' }));
    expect(await told()).toEqual([]);
  });

  it.each<[string, TextDelta[], object]>([
    ['that end early', [{ content: 'Hel' }], { content: 'Hello' }],
    ['that are none', [], { content: 'Hello', reasoning: 'Hm' }],
    [
      'of a call without an id',
      [{ tool_calls: [{ index: 0, function: call.function }] }],
      { tool_calls: [call] },
    ],
    [
      'without the end of a call',
      [{ tool_calls: [{ ...call, index: 0, function: { name: 'f', arguments: '{' } }] }],
      { tool_calls: [call] },
    ],
  ])(
    '%s are completed when the answer is whole, without starting again',
    async (_, deltas, message) => {
      const { answer, told, text } = await setUp();
      const stream = answer();
      for (const delta of deltas) stream.add(delta);
      stream.finish(chatResult(message));
      expect((await told()).map(({ type }) => type)).not.toContain('restart');
      expect(await text()).toEqual(
        'tool_calls' in message ? { tool_calls: [{ index: 0, ...call }] } : message,
      );
    },
  );

  it.each<[string, TextDelta, object]>([
    ['text', { content: 'Help' }, { content: 'Hello' }],
    [
      'call',
      { tool_calls: [{ index: 0, id: 'b', function: { name: 'g' } }] },
      { tool_calls: [call] },
    ],
    ['refusal', { content: 'Sure' }, { refusal: 'No' }],
  ])('of another %s than the result has start again with the whole', async (_, delta, message) => {
    const { answer, told, text } = await setUp();
    const stream = answer();
    stream.add(delta);
    stream.finish(chatResult(message));
    expect((await told()).map(({ type }) => type)).toEqual(['delta', 'restart', 'delta']);
    expect(await text()).toEqual(
      'tool_calls' in message ? { tool_calls: [{ index: 0, ...call }] } : message,
    );
  });

  it('start again where they are replaced', async () => {
    const { answer, text } = await setUp();
    const stream = answer();
    stream.add({ content: 'Something bad' });
    stream.replace({ content: 'Something ' });
    stream.add({ content: 'good' });
    stream.finish({
      type: 'workflow',
      status: 'succeeded',
      outputs: {},
      error: null,
      answer: 'Something good',
    });
    expect(await text()).toEqual({ content: 'Something good' });
  });

  it('are whole at the end although another worker began to answer in between', async () => {
    const { answer, text, redis, root, jobId } = await setUp();
    const [first, second] = [answer(), answer()];
    first.add({ content: 'Hel' });
    second.add({ content: 'Other' });
    await waitFor(async () => (await redis.llen(`{${root}:0}/deltas:${jobId}`)) === 3);
    first.add({ content: 'lo' });
    first.finish(chatResult({ content: 'Hello' }));
    expect(await text()).toEqual({ content: 'Hello' });
  });

  it(
    'of a very long answer end after 4 Mi characters, and the whole comes at the end',
    { timeout: 20_000 },
    async () => {
      const { answer, told, text, redis, root, jobId } = await setUp();
      const stream = answer();
      const piece = 'x'.repeat(1_048_576);
      const pieces = () => redis.llen(`{${root}:0}/deltas:${jobId}`);
      for (let i = 0; i < 6; i += 1) {
        stream.add({ content: piece });
        // The fourth is beyond the bound, with the JSON around them.
        const stored = Math.min(i + 1, 3);
        await waitFor(async () => (await pieces()) === stored);
      }
      expect(await pieces()).toBe(3);
      stream.finish(chatResult({ content: piece.repeat(6) }));
      // What is missing comes in one piece, or the whole after a restart if the fourth was dropped already.
      const types = (await told()).map(({ type }) => type);
      expect(types.length).toBeLessThan(6);
      expect(types.at(-1)).toBe('delta');
      expect((await text()).content).toHaveLength(6 * 1_048_576);
    },
  );
});
