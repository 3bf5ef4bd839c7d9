import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock } from '@sluice/runtime';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward, waking sleepers in the order of their time; each runs on, and may sleep again,
   * before the next one wakes.
   */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  readonly sleeperCount: number;
  /** What `sleep` was called with so far, in order. */
  readonly sleptMs: readonly number[];
}

interface Sleeper {
  readonly wakesAtMs: number;
  wake(): void;
}

/** Makes a fake clock that shows `startMs` (2026-01-01T00:00:00Z by default). */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  const sleepers = new Set<Sleeper>();
  const sleptMs: number[] = [];
  return {
    now: () => nowMs,
    sleep: async (ms, signal) => {
      sleptMs.push(ms);
      if (signal?.aborted || ms <= 0) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { wakesAtMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      });
    },
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await nextTurn();
      for (let next = firstDue(sleepers, untilMs); next; next = firstDue(sleepers, untilMs)) {
        nowMs = next.wakesAtMs;
        next.wake();
        await nextTurn();
      }
      nowMs = untilMs;
    },
    get sleeperCount() {
      return sleepers.size;
    },
    sleptMs,
  };
}

function firstDue(sleepers: Iterable<Sleeper>, untilMs: number): Sleeper | undefined {
  return [...sleepers]
    .filter((sleeper) => sleeper.wakesAtMs <= untilMs)
    .sort((a, b) => a.wakesAtMs - b.wakesAtMs)[0];
}
