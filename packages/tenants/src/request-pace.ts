/** Says whether a request of a key may go on now. */
export interface RequestPace {
  /** 0: it may. Otherwise the milliseconds after which one may. */
  admit(nowMs: number): number;
}

/**
 * At most `perSecond` requests a second in the long run, and a second's worth at once (GCRA). Counted by this process: a
 * limit over all of them would cost each request a round trip to Redis.
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function createRequestPace(perSecond: number): RequestPace {
  const intervalMs = 1_000 / perSecond;
  const burstMs = Math.max(intervalMs, 1_000);
  let nextMs = 0;
  return {
    admit(nowMs) {
      const dueMs = Math.max(nextMs, nowMs) + intervalMs;
      const waitMs = dueMs - nowMs - burstMs;
      // Rounding of the sum must not cost the last request of a burst.
      if (waitMs > 1e-6) return waitMs;
      nextMs = dueMs;
      return 0;
    },
  };
}
