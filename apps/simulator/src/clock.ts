import { randomUUID } from 'node:crypto';

/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Everything the simulator takes from outside its own state: time, waiting and chance.
 * This file is the only one that reads them, so that nothing else can depend on the wall clock.
 */
export type Clock = {
  /** Monotonic milliseconds, with fractions. */
  now(): number;
  /** Turns a reading of `now()` into epoch milliseconds, with fractions. */
  toEpochMs(nowMs: number): number;
  /** Waits, at most 24 days; resolves early, without an error, when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets pending I/O happen before the next line. */
  yieldToIo(): Promise<void>;
  /** A fresh UUID, as Dify uses for its ids. */
  uuid(): string;
};

/** The real clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  toEpochMs: (nowMs) => performance.timeOrigin + nowMs,
  sleep,
  yieldToIo: () => new Promise((resolve) => setImmediate(resolve)),
  uuid: () => randomUUID(),
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(ms, MAX_TIMER_MS));
    signal?.addEventListener('abort', wake, { once: true });
  });
}
