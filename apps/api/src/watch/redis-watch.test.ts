import { SluiceError } from '@sluice/contracts';
import { createLogger } from '@sluice/runtime';
import { createFakeClock, testRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { watchRedis } from './redis-watch.ts';

/** A watch that has taken its first look, and for how long it rests after each of those that `act` leads to. */
async function watching() {
  const { redis } = await testRedis();
  const clock = createFakeClock();
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  const log = createLogger({ name: 'test', level: 'silent' });
  const watch = watchRedis({ redis, clock, log }, closing.signal);
  const looksAfter = async (act: () => unknown) => {
    const before = clock.sleptMs.length;
    await act();
    await waitFor(() => clock.sleeperCount === 1 && clock.sleptMs.length > before);
    return clock.sleptMs.slice(before);
  };
  await waitFor(() => clock.sleeperCount === 1);
  return { watch, clock, looksAfter };
}

test('Redis is asked once a second while there are no requests', async () => {
  const { clock, looksAfter } = await watching();
  expect(clock.sleptMs).toEqual([1_000]);
  expect(await looksAfter(() => clock.advance(1_000))).toEqual([1_000]);
});

test('a request has Redis asked at once, and once more 50 ms later', async () => {
  const { watch, clock, looksAfter } = await watching();
  expect(await looksAfter(() => watch.assertRoom())).toEqual([50]);
  expect(await looksAfter(() => clock.advance(50))).toEqual([1_000]);
  expect(watch.memory?.usedBytes).toBeGreaterThan(0);
});

test('Redis is asked every 50 ms for as long as somebody waits for it', async () => {
  const { watch, clock, looksAfter } = await watching();
  const { promise, resolve } = Promise.withResolvers<string>();
  const late = () => new SluiceError('unavailable', 'late');
  const waiting = watch.unlessSilent(promise, late);
  await waitFor(() => clock.sleptMs.at(-1) === 50);
  for (const _ of [1, 2, 3]) expect(await looksAfter(() => clock.advance(50))).toEqual([50]);
  resolve('answered');
  expect(await waiting).toBe('answered');
  await looksAfter(() => clock.advance(50));
  expect(clock.sleptMs.at(-1)).toBe(1_000);
});
