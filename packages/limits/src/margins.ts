import type { Lane } from '@sluice/config';

/** A margin goes back to the least one by this share of the difference with each permit that was in time. */
const recovery = 0.02;

/** How much longer than the delay that was seen the next one may take. */
const reserve = 1.5;

/**
 * How long after its permit a call may leave, by lane. A call that leaves later than its margin could fall into a window that it
 * was not charged to, so it is not sent at all; and since what was late once may be late again (a busy machine, a new TLS
 * connection), the lane's margin grows with it. A constant margin would be either a standing loss of throughput, or a lane
 * that never sends: 7,279 of 10,000 permits came later than 20 ms on a busy machine.
 */
export interface Margins {
  /** Of a bucket with windows of `windowMs`, in milliseconds. */
  of(lane: Lane, windowMs: number): number;
  /** Until when, counted from the asking, a call of this lane may leave. */
  shortestOf(lane: Lane): number;
  /** A call was late: it would have left `delayMs` after the asking. */
  widen(lane: Lane, delayMs: number): void;
  /** A call left in time. */
  narrow(lane: Lane): void;
}

export function createMargins(): Margins {
  /** What is added to the least margin; absent is nothing. */
  const extra = new Map<string, number>();
  const of = (lane: Lane, windowMs: number) => {
    const least = marginMsOf(windowMs);
    return Math.max(least, Math.min(Math.ceil(extra.get(lane.name) ?? 0), windowMs / 2));
  };
  return {
    of,
    shortestOf: (lane) => {
      const windows = [...lane.buckets, ...(lane.perTenant?.buckets ?? [])];
      return Math.min(...windows.map(({ windowMs }) => of(lane, windowMs)));
    },
    widen: (lane, delayMs) => {
      extra.set(lane.name, Math.max(delayMs * reserve, extra.get(lane.name) ?? 0));
    },
    narrow: (lane) => {
      const wide = extra.get(lane.name);
      if (wide === undefined) return;
      if (wide < 1) extra.delete(lane.name);
      else extra.set(lane.name, wide * (1 - recovery));
    },
  };
}

/**
 * How much later than its permit a call may at least arrive upstream without breaking the upstream's window: permits that are a
 * window and the margin apart arrive at least a window apart. Costs 2 % of the throughput for windows of 0.5 to 12.5 s,
 * less above (0.4 % at 60 s), more below (10 % at 0.1 s).
 */
export function marginMsOf(windowMs: number): number {
  return Math.min(Math.max(Math.ceil(windowMs * 0.02), 10), 250);
}
