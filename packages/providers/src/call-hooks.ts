import type { TextDelta } from '@sluice/contracts';

/** The latest time at which a call may leave. */
export interface SendBy {
  /** Epoch milliseconds. A call that has not left by then is not sent: it rejects with `permit_expired`. */
  ms: number;
  /** Told when the process was held up between the last look at the clock and the socket: the call left later. */
  onLate(): void;
}

/**
 * Told of each piece of an answer, at once, before the reply is whole; all pieces of a call add up to its result. Must not
 * throw. Where a call fails, what it has told was part of no answer.
 */
export type OnDelta = (delta: TextDelta) => void;
