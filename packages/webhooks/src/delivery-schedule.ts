import type { Random } from '@sluice/runtime';

import { maxRetryAfterMs } from './retry-after.ts';

export interface DeliverySchedule {
  /** How often an event is sent before it is given up. */
  readonly attempts: number;
  /**
   * How long to wait before attempt `attemptNumber` (from 1), or `undefined` when there is none. `retryAfterMs` is what
   * the receiver asked for in its reply to the attempt before: never sent earlier than that.
   */
  delayBeforeAttemptMs(
    attemptNumber: number,
    random: Random,
    retryAfterMs?: number,
  ): number | undefined;
}

/** Part of a pause that chance decides, so that what failed together does not come back together. */
const jitter = 0.2;

/**
 * Pauses before each delivery attempt, ±20 % by chance; the first is usually 0, and a pause of 0 stays 0. A receiver's
 * `Retry-After` lengthens a pause (up to 20 % more than asked for, 24 h at most) and never shortens one.
 */
export function deliverySchedule(scheduleMs: readonly number[]): DeliverySchedule {
  return {
    attempts: scheduleMs.length,
    delayBeforeAttemptMs(attemptNumber, random, retryAfterMs = 0) {
      const scheduled = scheduleMs[attemptNumber - 1];
      if (scheduled === undefined) return undefined;
      const chance = random();
      const ownMs = scheduled * (1 - jitter + 2 * jitter * chance);
      const askedMs = Math.min(retryAfterMs * (1 + jitter * chance), maxRetryAfterMs);
      return Math.round(Math.max(ownMs, askedMs));
    },
  };
}
