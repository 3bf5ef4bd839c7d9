import type { Bucket, Unit } from '@sluice/config';

/** Leave to make one upstream call now. */
export interface Permit {
  id: string;
  lane: string;
  tenant: string;
  target: string;
  /** What was charged; settled to the real amounts afterwards. */
  amounts: PermitAmounts;
  /** Where settle finds the charges: the buckets of the lane and of the tenant in it when the permit was given. */
  buckets: CountedBucket[];
  /** Which leases it holds. */
  leases: { lane: boolean; tenant: boolean };
  /** When it was asked for, epoch milliseconds of this process. */
  askedAtMs: number;
  /**
   * The call must have left by then (epoch milliseconds of this process), or not leave at all: later it could fall into a
   * window that it was not charged to. See {@link Limits.putBack}, and {@link Limits.recharge} for one that did.
   */
  sendByMs: number;
  /** Units left after it in each of the lane's buckets, in their order. */
  left: readonly number[];
}

/** A bucket by the keys that it is counted in. */
export interface CountedBucket extends Pick<Bucket, 'unit' | 'windowMs'> {
  name: string;
  ofTenant: boolean;
}

/** Units of each kind; one that is absent is none. */
export type PermitAmounts = Partial<Record<Unit, number>>;

/** Who asks, for what is counted apart. */
export interface Asker {
  tenant?: string;
  /** What has a breaker of its own: the upstream's name of the model, or the app. */
  target?: string;
}

/** All or nothing over every bucket of the lane and of the tenant. */
export type PermitDecision =
  | { kind: 'granted'; permit: Permit }
  | {
      kind: 'denied';
      /** When to ask again, in milliseconds from now; at least 1. */
      waitMs: number;
      /** Whom it keeps from the lane: everyone, this tenant, or everyone who wants this target. */
      scope: 'lane' | 'tenant' | 'target';
      /**
       * The limit without room, written for people: `requests per 60 s`, `concurrency`, `upstream 429`, `circuit breaker`,
       * `paused by an operator`, or `late answer from Redis`.
       */
      limit: string;
      /** Epoch milliseconds. */
      resetsAtMs: number;
      /** Why the lane is closed, in the words of whoever closed it; only with `upstream 429` and `paused by an operator`. */
      reason?: string;
    };

/** What a call that has ended says of its target: it answered, it was at fault, or nothing. */
export type CallOutcome = 'ok' | 'fault' | '';
