import { createFakeClock, testRedis } from '@sluice/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createRecords } from './create-records.ts';
import { chatRequest, completed, ended } from './fixtures.ts';
import { beforeAllEvents, positionOf, type EventPosition } from './read-events.ts';

async function setUp() {
  const { redis, root, keys } = await testRedis();
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const config = { retentionMs: 3_600_000, idempotencyTtlMs: 86_400_000 };
  const records = createRecords({ redis, root, shards: 1, config, clock });
  const newJob = async () => {
    const jobId = records.newJobId();
    await records.accept(chatRequest(jobId, clock.now(), { stream: true }));
    return jobId;
  };
  const jobId = await newJob();
  const piece = (run: string, number: number, content: string) =>
    records.appendDelta(jobId, { tenantId: 't1', run, number, attempt: 1, delta: { content } });
  const readAll = async (from: EventPosition = beforeAllEvents, id = jobId) => {
    const events = [];
    let page = await records.readEvents(id, from);
    for (; page; page = page.hasMore ? await records.readEvents(id, page.next) : undefined) {
      events.push(...page.events);
    }
    return events;
  };
  return { redis, root, keys, clock, records, jobId, newJob, piece, readAll };
}

const typeOf = ({ type }: { type: string }) => type;

describe('the events of a job', () => {
  test('have its timeline and the pieces of its answer in the order in which they were written', async () => {
    const { records, jobId, piece, readAll } = await setUp();
    await records.begin(jobId);
    await piece('a', 1, 'Hel');
    await records.appendEvent(jobId, 'node_started', { title: 'LLM' });
    await piece('a', 2, 'lo');
    await piece('a', 3, '!');
    await records.finish(jobId, completed(), 'evt_1');

    expect(await readAll()).toMatchObject([
      { id: '0', type: 'queued', at: '2026-01-01T00:00:00.000Z' },
      { id: '1', type: 'in_progress' },
      { id: '1.1', type: 'delta', data: { attempt: 1, delta: { content: 'Hel' } } },
      { id: '2.1', type: 'node_started' },
      { id: '2.2', type: 'delta', data: { attempt: 1, delta: { content: 'lo' } } },
      { id: '2.3', type: 'delta', data: { attempt: 1, delta: { content: '!' } } },
      { id: '3.3', type: 'completed' },
    ]);
  });

  test('go on after any of them', async () => {
    const { records, jobId, piece, readAll } = await setUp();
    await records.begin(jobId);
    for (let number = 1; number <= 5; number += 1) await piece('a', number, `${number}`);
    await records.requeue(jobId, {});
    await records.begin(jobId);
    for (let number = 1; number <= 5; number += 1) await piece('b', number, `${number}`);
    await records.finish(jobId, completed(), 'evt_1');

    const all = await readAll();
    expect(all).toHaveLength(16);
    for (const [i, { id }] of all.entries()) {
      expect(await readAll(positionOf(id))).toEqual(all.slice(i + 1));
    }
  });

  test('come in pages that together have each once, in order', async () => {
    const { records, jobId, newJob, readAll } = await setUp();
    for (const [events, deltas] of [
      [3, 1_203],
      [503, 40],
      [501, 1_001],
    ] as const) {
      const id = events === 3 ? jobId : await newJob();
      await records.begin(id);
      const expected = ['queued', 'in_progress'];
      // In the order in which they are sent: it is one connection.
      const sent: Promise<unknown>[] = [];
      for (let i = 0; i < Math.max(events, deltas); i += 1) {
        if (i < events) expected.push('step');
        if (i < events) sent.push(records.appendEvent(id, 'step', { i }));
        if (i < deltas) expected.push('delta');
        const delta = { content: `${i}` };
        if (i < deltas)
          sent.push(
            records.appendDelta(id, { tenantId: 't1', run: 'a', number: i + 1, attempt: 1, delta }),
          );
      }
      await Promise.all(sent);
      const all = await readAll(beforeAllEvents, id);
      expect(all.map(typeOf)).toEqual(expected);
      expect(new Set(all.map((event) => event.id)).size).toBe(all.length);
    }
  });

  test('end with the page that has the end, and not before', async () => {
    const { records, jobId, piece } = await setUp();
    await records.begin(jobId);
    await piece('a', 1, 'Hi');
    const before = await records.readEvents(jobId, beforeAllEvents);
    expect(before).toMatchObject({
      isEnd: false,
      hasMore: false,
      next: { timeline: 1, deltas: 1 },
    });
    const none = await records.readEvents(jobId, { timeline: 1, deltas: 1 });
    expect(none).toMatchObject({ events: [], isEnd: false, next: { timeline: 1, deltas: 1 } });
    await records.finish(jobId, ended('failed'), 'evt_1');
    const last = await records.readEvents(jobId, { timeline: 1, deltas: 1 });
    expect(last).toMatchObject({ events: [{ type: 'failed' }], isEnd: true, hasLostDeltas: false });
    expect(await records.readEvents(records.newJobId(), beforeAllEvents)).toBeUndefined();
  });
});

describe('the pieces of an answer', () => {
  test('start again when another run answers, and what the first still sends is refused', async () => {
    const { records, jobId, piece, readAll } = await setUp();
    await records.begin(jobId);
    expect(await piece('a', 1, 'One')).toBe(true);
    expect(await piece('b', 1, 'Two')).toBe(true);
    expect(await piece('a', 2, 'and a half')).toBe(false);
    expect(await piece('b', 2, '!')).toBe(true);
    expect((await readAll()).slice(2)).toMatchObject([
      { type: 'delta', data: { delta: { content: 'One' } } },
      { type: 'restart', data: { attempt: 1 } },
      { type: 'delta', data: { delta: { content: 'Two' } } },
      { type: 'delta', data: { delta: { content: '!' } } },
    ]);
  });

  test('are taken over again by a run that has the whole, once', async () => {
    const { records, jobId, piece, readAll } = await setUp();
    await records.begin(jobId);
    await piece('a', 1, 'Hel');
    const last = { tenantId: 't1', run: 'a', number: 2, attempt: 1, whole: { content: 'Hello' } };
    expect(await records.appendDelta(jobId, last)).toBe(true);
    expect((await readAll()).map(typeOf)).toEqual(['queued', 'in_progress', 'delta']);
    await piece('b', 1, 'Two');
    const late = { ...last, number: 3, delta: { content: 'lo' } };
    expect(await records.appendDelta(jobId, late)).toBe(true);
    expect(await records.appendDelta(jobId, late)).toBe(true);
    expect((await readAll()).slice(3)).toMatchObject([
      { type: 'restart' },
      { type: 'delta', data: { delta: { content: 'Two' } } },
      { type: 'restart' },
      { type: 'delta', data: { delta: { content: 'Hello' } } },
    ]);
  });

  test('are there once however often they are sent', async () => {
    const { records, jobId, piece, readAll } = await setUp();
    await records.begin(jobId);
    for (const number of [1, 1, 2, 1, 2, 3, 3])
      expect(await piece('a', number, `${number}`)).toBe(true);
    expect((await readAll()).slice(2)).toMatchObject(
      ['1', '2', '3'].map((content) => ({ type: 'delta', data: { delta: { content } } })),
    );
  });

  test('are refused when the job is over or was never there', async () => {
    const { records, jobId, piece, redis, root } = await setUp();
    await records.begin(jobId);
    await records.finish(jobId, ended('cancelled'), 'evt_1');
    expect(await piece('a', 1, 'late')).toBe(false);
    const delta = { tenantId: 't1', run: 'a', number: 1, attempt: 1, delta: {} };
    expect(await records.appendDelta(records.newJobId(), delta)).toBe(false);
    expect(await records.appendDelta('nonsense', delta)).toBe(false);
    expect(await redis.keys(`{${root}:0}/deltas:*`)).toEqual([]);
  });

  test('go some time after the end, and a reader who comes then is told that they are gone', async () => {
    const { records, redis, root, jobId, piece } = await setUp();
    await records.begin(jobId);
    await piece('a', 1, 'Hel');
    await piece('a', 2, 'lo');
    await records.finish(jobId, completed('Hello'), 'evt_1');
    await records.appendEvent(jobId, 'webhook.delivered');
    const key = `{${root}:0}/deltas:${jobId}`;
    expect(await redis.pttl(key)).toBeGreaterThan(800_000);
    await redis.del(key);

    const late = await records.readEvents(jobId, beforeAllEvents);
    expect(late).toMatchObject({
      events: [{ id: '0' }, { id: '1' }, { id: '2.2', type: 'completed' }, { id: '3.2' }],
      hasLostDeltas: true,
      isEnd: true,
    });
    const resumed = await records.readEvents(jobId, { timeline: 1, deltas: 1 });
    expect(resumed).toMatchObject({ events: [{ id: '2.2' }, { id: '3.2' }], hasLostDeltas: true });
    const after = await records.readEvents(jobId, { timeline: 2, deltas: 2 });
    expect(after).toMatchObject({ events: [{ id: '3.2' }], hasLostDeltas: false });
  });

  test.each([false, true])(
    'go on when the job is tried again, whether those of its first try are gone (%s) or not',
    async (areGone) => {
      const { records, redis, root, jobId, piece, readAll } = await setUp();
      await records.begin(jobId);
      for (const number of [1, 2, 3]) await piece('a', number, `${number}`);
      await records.finish(jobId, ended('failed'), 'evt_1');
      const key = `{${root}:0}/deltas:${jobId}`;
      if (areGone) await redis.del(key);
      const summary = await records.readSummary(jobId);
      if (!summary) throw new Error('no job');
      await records.retry(summary, {
        ticket: { source: 'return 7', keys: [], args: [] },
        lane: 'sim',
      });
      await records.begin(jobId);
      for (const number of [1, 2]) await piece('b', number, `${number}`);
      expect(await redis.pttl(key)).toBe(-1);
      await records.finish(jobId, completed(), 'evt_2');

      const rest = await readAll(positionOf('4.3'));
      expect(rest.map(({ id, type }) => `${id} ${type}`)).toEqual([
        '4.4 restart',
        '4.5 delta',
        '4.6 delta',
        '5.6 completed',
      ]);
      const all = await readAll();
      expect(all.slice(-4)).toEqual(rest);
      expect(all).toHaveLength(areGone ? 9 : 12);
      for (const [i, { id }] of all.entries()) {
        const after = await readAll(positionOf(id));
        if (!areGone) expect(after).toEqual(all.slice(i + 1));
        expect(after.map(typeOf)).toEqual(all.slice(i + 1).map(typeOf));
      }
    },
  );

  test('go with their job', async () => {
    const { records, redis, root, jobId, piece } = await setUp();
    await records.begin(jobId);
    await piece('a', 1, 'Hi');
    await records.erase(jobId);
    expect(await redis.exists(`{${root}:0}/deltas:${jobId}`)).toBe(0);
  });

  test('of any number of runs that are cut off at random read as one order without mixing', async () => {
    const { records, newJob, readAll } = await setUp();
    const act = fc.record({ run: fc.integer({ min: 0, max: 3 }), again: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const jobId = await newJob();
        await records.begin(jobId);
        const sent = [0, 0, 0, 0];
        const texts: string[] = [];
        let current: number | undefined;
        for (const { run, again } of acts) {
          const number = again && sent[run]! > 0 ? sent[run]! : (sent[run]! += 1);
          const delta = { content: `${run}:${number} ` };
          const took = await records.appendDelta(jobId, {
            tenantId: 't1',
            run: `r${run}`,
            number,
            attempt: 1,
            delta,
          });
          const isRepeat = current === run && again && texts.at(-1)?.includes(`${run}:${number} `);
          expect(took).toBe(current === run || number === 1);
          if (!took || isRepeat) continue;
          if (current === run) texts[texts.length - 1] += delta.content;
          else texts.push(delta.content);
          current = run;
        }
        expect(textsOf(await readAll(beforeAllEvents, jobId))).toEqual(texts);
      }),
      { numRuns: 40 },
    );
  });
});

/** What a reader has at the end of each run: its texts, cut where the text starts again. */
function textsOf(events: readonly { type: string; data?: Record<string, unknown> }[]): string[] {
  const texts: string[] = [];
  let isNew = true;
  for (const { type, data } of events) {
    if (type === 'restart') isNew = true;
    if (type !== 'delta') continue;
    const { content } = (data as { delta: { content: string } }).delta;
    if (isNew) texts.push(content);
    else texts[texts.length - 1] += content;
    isNew = false;
  }
  return texts;
}
