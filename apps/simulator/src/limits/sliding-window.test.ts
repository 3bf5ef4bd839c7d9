import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

const arrivals = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 60 }), weight: fc.integer({ min: 1, max: 6 }) }),
  { maxLength: 200 },
);

describe('a sliding window', () => {
  test('never holds more than its limit and refuses only when it must', () => {
    fc.assert(
      fc.property(arrivals, (steps) => {
        const window = new SlidingWindow(10, 100);
        const admitted: { at: number; weight: number }[] = [];
        let now = 0;
        for (const { gapMs, weight } of steps) {
          now += gapMs;
          const inside = admitted.filter(({ at }) => at > now - 100);
          const used = inside.reduce((sum, each) => sum + each.weight, 0);
          expect(window.used(now)).toBe(used);
          expect(window.waitFor(now, weight) === 0).toBe(used + weight <= 10);
          if (used + weight > 10) continue;
          window.add(now, weight);
          admitted.push({ at: now, weight });
        }
      }),
    );
  });

  test('says exactly how long to wait', () => {
    const wanted = fc.integer({ min: 1, max: 10 });
    fc.assert(
      fc.property(arrivals, wanted, fc.nat({ max: 100 }), (steps, weight, earlyMs) => {
        const fill = (): { window: SlidingWindow; now: number } => {
          const window = new SlidingWindow(10, 100);
          let now = 0;
          for (const step of steps) window.add((now += step.gapMs), step.weight);
          return { window, now };
        };
        const { window, now } = fill();
        const waitMs = window.waitFor(now, weight);
        expect(window.waitFor(now + waitMs, weight)).toBe(0);
        const before = Math.max(0, waitMs - earlyMs);
        expect(fill().window.waitFor(now + before, weight)).toBe(waitMs - before);
      }),
    );
  });

  test('never has room for more than its limit', () => {
    expect(new SlidingWindow(10, 100).waitFor(0, 11)).toBe(Infinity);
  });

  test('keeps counting after it drops thousands of expired arrivals', () => {
    const window = new SlidingWindow(5, 10);
    for (let now = 0; now < 10_000; now += 5) {
      window.add(now, 1);
      expect(window.used(now)).toBe(now === 0 ? 1 : 2);
    }
    expect(window.emptyAfter(9_995)).toBe(10);
    expect(window.emptyAfter(20_000)).toBe(0);
  });
});
