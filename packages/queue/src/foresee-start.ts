/** What advance-lane.lua knows of the starts in a lane. Times are milliseconds. */
export interface LaneStarts {
  /** Epoch. */
  lastStartMs: number;
  /** Mean time between two starts while tickets wait. */
  intervalMs: number;
  /** How many starts the mean is made of. */
  starts: number;
  /** Whether tickets were waiting at the last start. */
  backlog: boolean;
}

/** Fewer starts than these say nothing of the next. */
const fewestStarts = 5;

/**
 * When the ticket at `position` (1 is the next) will start, epoch milliseconds; `undefined` when the lane has not started
 * enough tickets to tell, or stands still.
 */
export function foreseeStart(
  position: number,
  { lastStartMs, intervalMs, starts, backlog }: LaneStarts,
  lane: { nowMs: number; closedForMs: number },
): number | undefined {
  if (starts < fewestStarts) return undefined;
  const { nowMs, closedForMs } = lane;
  const standsStill = backlog && nowMs - lastStartMs > 10 * intervalMs + 90_000;
  if (standsStill) return undefined;
  return Math.round(Math.max(nowMs + closedForMs, lastStartMs + position * intervalMs));
}
