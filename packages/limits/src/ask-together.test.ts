import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { askTogether } from './ask-together.ts';

/** Questions that are answered, each with ten times its calls, when the test says so. */
function setUp(most = 3) {
  const questions: { calls: readonly number[]; answer(): void; fail(error: Error): void }[] = [];
  const ask = askTogether<number, number>({
    most,
    kindOf: (call) => (call < 100 ? 'small' : 'large'),
    ask: async (calls) =>
      await new Promise((resolve, reject) => {
        const answer = () => resolve(calls.map((call) => call * 10));
        questions.push({ calls, answer, fail: reject });
      }),
  });
  return { ask, questions, asked: () => questions.map(({ calls }) => calls) };
}

test('what is asked in one turn is one question, and everyone gets the own answer', async () => {
  const { ask, questions, asked } = setUp();
  const answers = Promise.all([ask(1), Promise.resolve().then(() => ask(2))]);
  await nextTurn();
  expect(asked()).toEqual([[1, 2]]);
  questions[0]!.answer();
  expect(await answers).toEqual([10, 20]);
});

test('what comes while a question is on its way waits for the next, in its order, so many at most', async () => {
  const { ask, questions, asked } = setUp(3);
  const first = ask(1);
  await nextTurn();
  const later = Promise.all([2, 3, 4, 5].map(ask));
  await nextTurn();
  expect(asked()).toEqual([[1]]);
  questions[0]!.answer();
  await first;
  await nextTurn();
  expect(asked()).toEqual([[1], [2, 3, 4]]);
  questions[1]!.answer();
  await nextTurn();
  expect(asked()).toEqual([[1], [2, 3, 4], [5]]);
  questions[2]!.answer();
  expect(await later).toEqual([20, 30, 40, 50]);
});

test('kinds do not go together and do not wait for each other', async () => {
  const { ask, questions, asked } = setUp();
  const answers = Promise.all([ask(1), ask(100), ask(2)]);
  await nextTurn();
  expect(asked()).toEqual([[1, 2], [100]]);
  for (const { answer } of questions) answer();
  expect(await answers).toEqual([10, 1_000, 20]);
});

test('a question that fails fails for those in it, and the next one is asked', async () => {
  const { ask, questions } = setUp();
  const [first, second] = [ask(1), ask(2)];
  await nextTurn();
  const third = ask(3);
  questions[0]!.fail(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  await expect(second).rejects.toThrow('broken');
  await nextTurn();
  questions[1]!.answer();
  expect(await third).toBe(30);
});

test('after the last answer the next call is asked for at once', async () => {
  const { ask, questions, asked } = setUp();
  const first = ask(1);
  await nextTurn();
  questions[0]!.answer();
  await first;
  await nextTurn();
  const second = ask(2);
  await nextTurn();
  expect(asked()).toEqual([[1], [2]]);
  questions[1]!.answer();
  expect(await second).toBe(20);
});

test('who asks at any moment around the last answer is asked for too', async () => {
  for (let ticks = 0; ticks < 12; ticks += 1) {
    const { ask, questions, asked } = setUp();
    const first = ask(1);
    await nextTurn();
    questions[0]!.answer();
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
    const late = ask(2);
    await nextTurn();
    expect({ ticks, asked: asked() }).toEqual({ ticks, asked: [[1], [2]] });
    questions[1]!.answer();
    expect(await Promise.all([first, late])).toEqual([10, 20]);
  }
});
