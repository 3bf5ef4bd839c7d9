import type { Bucket } from '@sluice/config';

/** Leave to make one upstream call now. */
export interface Permit {
  id: string;
  lane: string;
  /** What was charged; settled to the real amounts afterwards. */
  amounts: PermitAmounts;
  /** The lane's buckets when the permit was given: where settle finds the charge. */
  buckets: Pick<Bucket, 'unit' | 'windowMs'>[];
  /** When it was asked for, epoch milliseconds of this process. */
  askedAtMs: number;
  /**
   * The call must have left by then (epoch milliseconds of this process), or not leave at all: later it could fall into a
   * window that it was not charged to. See {@link Limits.putBack}.
   */
  sendByMs: number;
}

export interface PermitAmounts {
  requests: number;
  tokens: number;
}

/** All or nothing over every bucket of a lane. */
export type PermitDecision =
  | { kind: 'granted'; permit: Permit }
  | {
      kind: 'denied';
      /** When to ask again, in milliseconds from now; at least 1. */
      waitMs: number;
      /**
       * The limit without room, written for people: `requests per 60 s`, `concurrency`, `upstream 429`, or
       * `late answer from Redis`.
       */
      limit: string;
      /** Epoch milliseconds. */
      resetsAtMs: number;
      /** Why the lane is closed, in the words of whoever closed it; only with `upstream 429`. */
      reason?: string;
    };
