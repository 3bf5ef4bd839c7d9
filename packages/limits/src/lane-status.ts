import type { Bucket } from '@sluice/config';

/** What a lane has used and what it has left. Times are epoch milliseconds of Redis's clock. */
export interface LaneStatus {
  lane: string;
  buckets: BucketStatus[];
  /** Calls with a slot that is neither settled nor lost; a lane without a limit counts none. */
  concurrency: { inFlight: number; limit: number | undefined };
  /** Set while the lane is closed for everyone. */
  closed?: { untilMs: number; reason: string };
  /** Targets whose breaker is open, and when the next probe of each may go. */
  brokenTargets: { target: string; probeAtMs: number }[];
}

export interface BucketStatus extends Bucket {
  /** Units in the window now. May exceed `limit` after a call that used more than it was charged. */
  used: number;
  /** When all of it is free again, if nothing more is used. */
  resetsAtMs: number;
}
