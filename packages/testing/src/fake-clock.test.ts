import { describe, expect, test } from 'vitest';

import { createFakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  test('stands still until it is moved', async () => {
    const clock = createFakeClock(1_000);
    expect(clock.now()).toBe(1_000);
    await clock.advance(500);
    expect(clock.now()).toBe(1_500);
  });

  test('wakes sleepers in the order of their time, and shows that time to them', async () => {
    const clock = createFakeClock(0);
    const woken: string[] = [];
    const sleepThen = async (ms: number, name: string) => {
      await clock.sleep(ms);
      woken.push(`${name} at ${clock.now()}`);
    };
    const all = Promise.all([sleepThen(30, 'late'), sleepThen(10, 'early')]);
    await clock.advance(20);
    expect(woken).toEqual(['early at 10']);
    expect(clock.sleeperCount).toBe(1);
    await clock.advance(10);
    await all;
    expect(woken).toEqual(['early at 10', 'late at 30']);
  });

  test('lets one advance carry a loop through several sleeps', async () => {
    const clock = createFakeClock(0);
    let turns = 0;
    const loop = (async () => {
      for (; turns < 3; turns += 1) await clock.sleep(10);
    })();
    await clock.advance(30);
    await loop;
    expect({ turns, slept: clock.sleptMs }).toEqual({ turns: 3, slept: [10, 10, 10] });
  });

  test('ends a sleep when its signal aborts, without an error', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(1_000, controller.signal);
    controller.abort();
    await sleeping;
    expect(clock.sleeperCount).toBe(0);
  });
});
