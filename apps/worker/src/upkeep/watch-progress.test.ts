import { Lanes } from '@sluice/queue';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis } from '@sluice/testing';
import { expect, test } from 'vitest';

import { watchProgress } from './watch-progress.ts';

const stuckAfterMs = 30_000;

/** Watches one lane for two minutes; `worker` says at each look what it is like. */
async function watch(worker: (nowMs: number) => { could: boolean | Error; takenAtMs: number }) {
  const clock = createFakeClock();
  const startMs = clock.now();
  const now = () => clock.now() - startMs;
  const stuckAtMs: number[] = [];
  const stop = new AbortController();
  const lane = {
    get lastTakenAtMs() {
      return worker(now()).takenAtMs;
    },
    async couldTake() {
      const { could } = worker(now());
      if (could instanceof Error) throw could;
      return could;
    },
  };
  const { redis, root } = await testRedis();
  const lanes = new Lanes({ redis, root, shards: 1, lanes: [], shardOf: () => 0, clock });
  const watching = watchProgress(
    {
      watched: new Map([['sim', [lane]]]),
      lanes,
      clock,
      log: createLogger({ name: 'test', level: 'silent' }),
      onStuck: () => stuckAtMs.push(now()),
      stuckAfterMs,
    },
    stop.signal,
  );
  for (let i = 0; i < 120; i += 1) await clock.advance(1_000);
  stop.abort();
  await clock.advance(10_000);
  await watching;
  await lanes.close();
  return stuckAtMs;
}

test('a worker that takes nothing for 30 s while it could is stuck, and that is told once', async () => {
  expect(await watch(() => ({ could: true, takenAtMs: 0 }))).toEqual([stuckAfterMs]);
});

test.each([
  [
    'that takes a ticket now and then',
    (nowMs: number) => ({ could: true, takenAtMs: Math.floor(nowMs / 20_000) }),
  ],
  ['without work', () => ({ could: false, takenAtMs: 0 })],
  [
    'whose lane closes now and then',
    (nowMs: number) => ({ could: nowMs % 20_000 > 5_000, takenAtMs: 0 }),
  ],
  ['that cannot read its lane', () => ({ could: new Error('Redis is away'), takenAtMs: 0 })],
])('a worker %s is not', async (_what, worker) => {
  expect(await watch(worker)).toEqual([]);
});
