import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { SplitBook, type ArmCall } from './split-book.ts';
import { loadRoutes } from './testing/load-routes.ts';

const rules = {
  windowSeconds: 60,
  minCalls: 20,
  errorRate: 0.02,
  latencyFactor: 2,
  costFactor: 1.5,
};

async function setUp(rollback: object | null = rules) {
  const { redis, root } = await testRedis();
  const clock = createFakeClock();
  const log = createLogger({ name: 'test', level: 'silent' });
  const { routes } = loadRoutes({
    old: 'one/old',
    new: 'one/new',
    both: {
      split: {
        arms: [
          { model: 'old', weight: 90 },
          { model: 'new', weight: 10 },
        ],
        ...(rollback && { rollback }),
      },
    },
  });
  const book = () => new SplitBook({ redis, root, clock, log, routes });
  const worker = book();
  const note = async (model: string, count: number, call: Partial<ArmCall> = {}) => {
    let reason: string | undefined;
    for (let i = 0; i < count; i += 1) {
      reason ??= await worker.note(
        { split: 'both', model },
        { isFailed: false, durationMs: 100, costUsd: 0.001, ...call },
      );
    }
    return reason;
  };
  return { redis, root, clock, worker, book, note };
}

test.each<[string, Partial<ArmCall>, RegExp]>([
  ['fails', { isFailed: true }, /^100\.0 % of its calls failed, 0\.0 % of the baseline’s$/],
  ['is slow', { durationMs: 201 }, /^a call took 201 ms, the baseline’s 100 ms$/],
  ['is dear', { costUsd: 0.0016 }, /^a call cost \$0\.001600, the baseline’s \$0\.001000$/],
])(
  'an arm that %s is rolled back, once it has calls enough to tell',
  async (_case, call, reason) => {
    const { note, worker } = await setUp();
    await note('old', 20);
    expect(await note('new', 19, call)).toBeUndefined();
    expect(worker.isRolledBack('both', 'new')).toBe(false);
    expect(await note('new', 1, call)).toMatch(reason);
    expect(worker.isRolledBack('both', 'new')).toBe(true);
  },
);

test('an arm that does as well as the baseline stays, and so does one that nobody can compare', async () => {
  const { note, worker } = await setUp();
  expect(await note('new', 50, { durationMs: 10_000 })).toBeUndefined();
  await note('old', 40, { isFailed: true });
  expect(await note('new', 40, { isFailed: true })).toBeUndefined();
  expect(await note('old', 50, { isFailed: true })).toBeUndefined();
  expect(worker.isRolledBack('both', 'new')).toBe(false);
});

test('five failures in a hundred calls roll an arm back that may fail two more than the baseline', async () => {
  const { note } = await setUp();
  await note('old', 100);
  let reason: string | undefined;
  for (let i = 0; i < 5; i += 1) {
    reason ??= await note('new', 19);
    reason ??= await note('new', 1, { isFailed: true });
  }
  expect(reason).toMatch(/of its calls failed/);
});

test('what is older than the window counts no more', async () => {
  const { note, clock } = await setUp();
  await note('new', 19, { isFailed: true });
  await clock.advance(61_000);
  expect(await note('new', 1, { isFailed: true })).toBeUndefined();
});

test('every process sees a rollback, and the reset of an operator; calls count from then on', async () => {
  const { note, book, worker, redis, root } = await setUp();
  await note('new', 20, { isFailed: true });
  const other = book();
  await other.refresh();
  expect(other.isRolledBack('both', 'new')).toBe(true);
  expect(other.view()[0]?.rolledBack.get('new')?.reason).toContain('100.0 %');

  expect(await other.reset('both')).toBe(true);
  expect(await other.reset('old')).toBe(false);
  await worker.refresh();
  expect(worker.isRolledBack('both', 'new')).toBe(false);
  expect(await note('new', 19, { isFailed: true })).toBeUndefined();
  for (const key of await redis.keys(`{${root}:routing}:calls:*`)) {
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  }
});

test('a split without rules costs Redis nothing', async () => {
  const { note, redis, root } = await setUp(null);
  await note('new', 30, { isFailed: true });
  expect(await redis.keys(`{${root}:routing}*`)).toEqual([]);
});

test('an operator sets weights, takes a share away and gives it back, in all processes', async () => {
  const { worker, book } = await setUp(null);
  const other = book();
  const weights = (of: SplitBook) => of.armsOf('both')?.map(({ weight }) => weight);
  await worker.setWeights('both', { new: 40 });
  await other.refresh();
  expect(weights(other)).toEqual([90, 40]);
  await worker.rollBack('both', 'new', 'too curt');
  await worker.rollBack('both', 'new', 'again');
  await other.refresh();
  expect(other.view()[0]?.rolledBack.get('new')).toMatchObject({ reason: 'too curt' });
  expect(other.view()[0]).toMatchObject({ isSet: true });
  await other.resume('both', 'new');
  await worker.refresh();
  expect(worker.isRolledBack('both', 'new')).toBe(false);
  await worker.reset('both');
  expect([weights(worker), worker.view()[0]?.isSet]).toEqual([[90, 10], false]);
});

test('a roll-back is told of once, and once more after it was given back', async () => {
  const { worker, clock } = await setUp(null);
  await worker.rollBack('both', 'new', 'why');
  const [rollback] = await worker.untold();
  expect(rollback).toMatchObject({ split: 'both', arm: 'new', reason: 'why', atMs: clock.now() });
  await worker.markTold(rollback!);
  expect(await worker.untold()).toEqual([]);
  await worker.resume('both', 'new');
  await worker.rollBack('both', 'new', 'why');
  expect(await worker.untold()).toHaveLength(1);
});
