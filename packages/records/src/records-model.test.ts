import {
  isTerminal,
  terminalStates,
  type JobEnding,
  type JobState,
  type TerminalState,
} from '@sluice/contracts';
import { createFakeClock, testRedis } from '@sluice/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { createRecords, type Records } from './create-records.ts';
import {
  attempt,
  batchRequest,
  chatRequest,
  childRequests,
  completed,
  ended,
  webhook,
} from './fixtures.ts';

/**
 * Random sequences of everything that changes records, against a model of plain objects that says what each call must
 * reply and what must be there after it. Jobs 0 and 1 have a webhook, 2 has none, 3 is a batch of jobs 4 and 5. Whatever
 * happens, every millisecond of a job belongs to one phase, and the tenant's load is what its live jobs add up to.
 */
const handle = {
  provider: 'dify',
  state: 'started' as const,
  sent_at_ms: 1,
  run_id: 'r',
  task_id: 't',
  user: 'u',
};
const batch = 3;
const children = [4, 5];

interface ModelJob {
  state: JobState;
  attempts: number;
  interruptions: number;
  targetIndex: number;
  started: boolean;
  waiting: boolean;
  upstream: boolean;
  endedChildren: number;
  failedChildren: number;
}

interface Model {
  jobs: (ModelJob | undefined)[];
  /** Children that were accepted in the life of their batch. */
  fed: Set<number>;
  outbox: { job: number; kind: 'finished' | 'batch_ready' }[];
}

type Step =
  | { act: 'accept' | 'storeUpstream' | 'erase'; job: number }
  | { act: 'begin'; job: number; target?: number }
  | { act: 'feed' }
  | { act: 'requeue'; job: number; attempt: boolean; fallback: boolean; wait: boolean }
  | {
      act: 'finish';
      job: number;
      state: TerminalState;
      onlyFrom?: ('queued' | 'in_progress')[];
      unlessStarted: boolean;
    };

const job = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ act: fc.constant('accept' as const), job }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('feed' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record(
      { act: fc.constant('begin' as const), job, target: fc.nat({ max: 1 }) },
      { requiredKeys: ['act', 'job'] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('storeUpstream' as const), job }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('erase' as const), job }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('requeue' as const),
      job,
      attempt: fc.boolean(),
      fallback: fc.boolean(),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        act: fc.constant('finish' as const),
        job,
        state: fc.constantFrom(...terminalStates),
        onlyFrom: fc.subarray(['queued' as const, 'in_progress' as const]),
        unlessStarted: fc.boolean(),
      },
      { requiredKeys: ['act', 'job', 'state', 'unlessStarted'] },
    ),
  },
);

test(
  'records do what the model says, whatever happens in whatever order',
  { timeout: 60_000 },
  async () => {
    const { redis, root, keys } = await testRedis();
    const clock = createFakeClock();
    const config = { retentionMs: 3_600_000, idempotencyTtlMs: 1 };
    const records = createRecords({ redis, root, shards: 1, config, clock });

    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        await redis.unlink('none', ...(await keys()));
        const ids = makeIds(records);
        const model: Model = { jobs: ids.map(() => undefined), fed: new Set(), outbox: [] };
        for (const each of steps) {
          await clock.advance(1 + (steps.length % 7));
          const expected = applyToModel(model, each);
          const { reply } = await applyToRecords(records, each, ids, clock.now());
          expect({ each, reply }).toEqual({ each, reply: expected });
        }
        await clock.advance(3);
        await compare(records, model, ids);
        await compareTimes(records, ids, clock.now());
        await compareLoad(records, model, ids);
      }),
      { numRuns: 200 },
    );
  },
);

function makeIds(records: Records): string[] {
  const ids = [0, 1, 2, 3].map(() => records.newJobId());
  return [...ids, ...childRequests(ids[batch]!, 0, 2).map(({ jobId }) => jobId)];
}

/** Does the step for real; the reply is cut to what the model knows. */
async function applyToRecords(records: Records, each: Step, ids: string[], nowMs: number) {
  switch (each.act) {
    case 'accept': {
      if (each.job > batch) return { reply: undefined };
      const request =
        each.job === batch
          ? batchRequest(ids[batch]!, nowMs, 2)
          : chatRequest(ids[each.job]!, nowMs, each.job < 2 ? { webhook } : {});
      return { reply: (await records.accept(request)).kind };
    }
    case 'feed':
      return { reply: await records.acceptChildren(childRequests(ids[batch]!, nowMs, 2)) };
    case 'begin': {
      const reply = await records.begin(ids[each.job]!, {
        ...(each.target !== undefined && { targetIndex: each.target }),
      });
      return { reply: reply.kind === 'ended' ? reply.state : reply.kind };
    }
    case 'storeUpstream':
      return { reply: await records.storeUpstream(ids[each.job]!, handle) };
    case 'erase':
      return { reply: await records.erase(ids[each.job]!) };
    case 'requeue': {
      const resets_at = '2026-01-01T00:00:00.000Z';
      const options = {
        ...(each.attempt && { attempt: attempt(1, 'failed') }),
        ...(each.fallback && { targetIndex: 1, lane: 'other' }),
        ...(each.wait && { waitingOn: { limit: 'retry', scope: 'job' as const, resets_at } }),
      };
      return { reply: await records.requeue(ids[each.job]!, options) };
    }
    case 'finish': {
      const ending: JobEnding = each.state === 'completed' ? completed() : ended(each.state);
      const { onlyFrom, unlessStarted } = each;
      const options = { unlessStarted, ...(onlyFrom && { onlyFrom }) };
      return { reply: await records.finish(ids[each.job]!, ending, `evt_${each.job}`, options) };
    }
  }
}

/** Does the step to the model and says what the records must reply. */
function applyToModel(model: Model, each: Step): unknown {
  if (each.act === 'feed') return feedModel(model);
  const found = model.jobs[each.job];
  switch (each.act) {
    case 'accept':
      if (each.job > batch) return undefined;
      model.jobs[each.job] ??= newModelJob();
      return 'created';
    case 'begin':
      if (!found) return 'missing';
      if (isTerminal(found.state)) return found.state;
      if (each.target !== undefined && each.target !== found.targetIndex) return 'superseded';
      if (found.state === 'in_progress' && each.job !== batch) found.interruptions += 1;
      Object.assign(found, { state: 'in_progress', started: true, waiting: false });
      return 'run';
    case 'storeUpstream':
      if (!found || isTerminal(found.state)) return false;
      found.upstream = true;
      return true;
    case 'requeue':
      if (found?.state !== 'in_progress') return found?.state === 'queued';
      requeueModel(found, each);
      return true;
    case 'finish':
      return finishModel(model, each);
    case 'erase':
      return eraseModel(model, each.job);
  }
}

function newModelJob(): ModelJob {
  return {
    state: 'queued',
    attempts: 0,
    interruptions: 0,
    targetIndex: 0,
    started: false,
    waiting: false,
    upstream: false,
    endedChildren: 0,
    failedChildren: 0,
  };
}

function feedModel(model: Model): number {
  const parent = model.jobs[batch];
  if (!parent || isTerminal(parent.state)) return 0;
  const fresh = children.filter((child) => !model.fed.has(child));
  for (const child of fresh) {
    model.fed.add(child);
    model.jobs[child] = newModelJob();
  }
  return fresh.length;
}

function requeueModel(found: ModelJob, each: Step & { act: 'requeue' }): void {
  if (each.attempt) found.attempts += 1;
  if (found.attempts === 0 && found.interruptions === 0) found.started = false;
  if (each.fallback) Object.assign(found, { targetIndex: 1, upstream: false });
  Object.assign(found, { state: 'queued', waiting: each.wait });
}

function finishModel(model: Model, each: Step & { act: 'finish' }): unknown {
  const found = model.jobs[each.job];
  if (!found) return { kind: 'missing' };
  if (isTerminal(found.state)) return { kind: 'already', state: found.state };
  const allowed = each.onlyFrom?.some((state) => state === found.state) ?? true;
  if (!allowed || (each.unlessStarted && found.started)) {
    return { kind: 'refused', state: found.state };
  }
  endModel(model, each.job, each.state);
  if (each.state === 'completed') found.attempts += 1;
  return { kind: 'finished' };
}

function endModel(model: Model, index: number, state: TerminalState): void {
  Object.assign(model.jobs[index]!, { state, waiting: false });
  if (index < 2) model.outbox.push({ job: index, kind: 'finished' });
  const parent = model.jobs[batch];
  if (!children.includes(index) || !parent) return;
  parent.endedChildren += 1;
  if (state !== 'completed') parent.failedChildren += 1;
  if (parent.endedChildren === 2 && !isTerminal(parent.state)) {
    model.outbox.push({ job: batch, kind: 'batch_ready' });
  }
}

function eraseModel(model: Model, index: number): boolean {
  const found = model.jobs[index];
  if (found && !isTerminal(found.state)) endModel(model, index, 'cancelled');
  model.jobs[index] = undefined;
  if (index === batch) {
    for (const child of children) eraseModel(model, child);
    model.fed.clear();
  }
  return found !== undefined;
}

async function compare(records: Records, model: Model, ids: string[]): Promise<void> {
  for (const [i, expected] of model.jobs.entries()) {
    const record = await records.read(ids[i]!);
    expect({ i, job: record && modelOf(record) }).toEqual({ i, job: expected });
  }
  const messages = await records.readOutbox(0, 'c1', { count: 1_000, blockMs: 0 });
  expect(
    messages.map(({ entry }) => ({ job: ids.indexOf(entry.jobId), kind: entry.kind })),
  ).toEqual(model.outbox);
  const there = (index: number) => model.jobs[index] !== undefined;
  const live = model.jobs.filter((each) => each && !isTerminal(each.state)).length;
  expect(await records.countLive(0)).toBe(live);
  const listed = (await records.list('t1', {})).records.map(({ jobId }) => ids.indexOf(jobId));
  expect(new Set(listed)).toEqual(new Set([0, 1, 2, 3].filter(there)));
}

async function compareTimes(records: Records, ids: string[], nowMs: number): Promise<void> {
  for (const record of await records.readMany(ids)) {
    const { phase, sinceMs, spentMs } = record.times!;
    const open = isTerminal(record.state) ? 0 : nowMs - sinceMs;
    const sum = Object.values(spentMs).reduce((total, ms) => total + ms, open);
    expect(sum).toBe((record.endedAtMs ?? nowMs) - record.createdAtMs);
    expect(phase === 'ended').toBe(isTerminal(record.state));
    expect(phase === 'running').toBe(record.state === 'in_progress');
  }
}

async function compareLoad(records: Records, model: Model, ids: string[]): Promise<void> {
  const isLive = (index: number) => {
    const found = model.jobs[index];
    return found !== undefined && !isTerminal(found.state);
  };
  const live = ids.map((_, index) => index).filter(isLive);
  // A live batch holds the places of the children that it has not fed.
  const notFed = isLive(batch) ? children.filter((child) => !model.fed.has(child)).length : 0;
  const runs = live.filter(
    (index) => model.jobs[index]!.state === 'in_progress' && index !== batch,
  );
  const bytes = (await records.readMany(live.map((index) => ids[index]!))).map(({ input }) =>
    Buffer.byteLength(JSON.stringify(input)),
  );
  const load = (await records.loads()).get('t1');
  expect(load ?? { queuedJobs: 0, queuedBytes: 0, running: 0 }).toEqual({
    queuedJobs: live.length + notFed,
    queuedBytes: bytes.reduce((sum, each) => sum + each, 0),
    running: runs.length,
  });
}

function modelOf(record: NonNullable<Awaited<ReturnType<Records['read']>>>): ModelJob {
  return {
    state: record.state,
    attempts: record.attempts.length,
    interruptions: record.interruptions,
    targetIndex: record.targetIndex,
    started: record.startedAtMs !== undefined,
    waiting: record.waitingOn !== undefined,
    upstream: record.upstream !== undefined,
    endedChildren: record.progress?.ended ?? 0,
    failedChildren: record.progress?.failed ?? 0,
  };
}
