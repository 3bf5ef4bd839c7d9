import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { takeTurns } from './take-turns.ts';

/** Work that ends when it is told to. */
function startWork(inTurn: ReturnType<typeof takeTurns>, started: number[], id: number) {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const done = inTurn(async () => {
    started.push(id);
    return await promise;
  });
  return { done, finish: () => resolve(id), fail: () => reject(new Error('broken')) };
}

test('runs only so many at once, and the others in the order they came', async () => {
  const inTurn = takeTurns(2);
  const started: number[] = [];
  const [first, second, third, fourth] = [1, 2, 3, 4].map((id) => startWork(inTurn, started, id));
  await nextTurn();
  expect(started).toEqual([1, 2]);
  second!.finish();
  expect(await second!.done).toBe(2);
  await nextTurn();
  expect(started).toEqual([1, 2, 3]);
  for (const work of [first, third, fourth]) work!.finish();
  await Promise.all([first!.done, third!.done, fourth!.done]);
  expect(started).toEqual([1, 2, 3, 4]);
});

test('one that fails makes room like any other', async () => {
  const inTurn = takeTurns(1);
  const started: number[] = [];
  const [broken, next] = [1, 2].map((id) => startWork(inTurn, started, id));
  broken!.fail();
  await expect(broken!.done).rejects.toThrow('broken');
  next!.finish();
  expect(await next!.done).toBe(2);
});

test('nobody who comes late takes the turn of one who waits', async () => {
  const inTurn = takeTurns(1);
  const started: number[] = [];
  const first = startWork(inTurn, started, 1);
  const second = startWork(inTurn, started, 2);
  first.finish();
  await first.done;
  const third = startWork(inTurn, started, 3);
  await nextTurn();
  expect(started).toEqual([1, 2]);
  second.finish();
  third.finish();
  await Promise.all([second.done, third.done]);
  expect(started).toEqual([1, 2, 3]);
});
