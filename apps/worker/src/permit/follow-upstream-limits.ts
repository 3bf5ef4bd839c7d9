import type { Bucket, Lane, Target } from '@sluice/config';
import type { RemainingReport } from '@sluice/providers';

import type { RunJobDeps } from '../run-job-deps.ts';

/** How often a lane is corrected at most: a correction is a round trip, and jobs may end by the thousand. */
const everyMs = 200;

/** Told what an upstream says is left of its limits, with each of its replies. */
export type UpstreamLimitsListener = (target: Target, reports: readonly RemainingReport[]) => void;

/**
 * Brings the buckets of a lane down to what its upstream says is left: others may use the same account, or it counts more
 * than Sluice does. Several keys have limits of their own, so that what is said of one says nothing of their lane.
 */
export function followUpstreamLimits(
  deps: Pick<RunJobDeps, 'clock' | 'laneBook' | 'limits' | 'log'>,
): UpstreamLimitsListener {
  const correctedAtMs = new Map<string, number>();
  return (target, reports) => {
    const lane = deps.laneBook.lane(target.lane);
    if (!lane || target.apiKeys.length > 1) return;
    const remaining = reports.flatMap((report) => {
      const bucket = bucketOf(lane, report);
      return bucket && report.units < bucket.limit ? [{ bucket, units: report.units }] : [];
    });
    const nowMs = deps.clock.now();
    const isDue = nowMs - (correctedAtMs.get(lane.name) ?? -Infinity) >= everyMs;
    if (remaining.length === 0 || !isDue) return;
    correctedAtMs.set(lane.name, nowMs);
    deps.limits.correct(lane, remaining).catch((error: unknown) => {
      deps.log.warn({ err: error, lane: lane.name }, 'a lane was not corrected');
    });
  };
}

/** Which of the lane's limits is meant: a limit is whole again within its window, so the shortest that is long enough. */
function bucketOf(lane: Lane, { unit, resetMs = 0 }: RemainingReport): Bucket | undefined {
  return lane.buckets
    .filter((bucket) => bucket.unit === unit && bucket.windowMs >= resetMs)
    .toSorted((a, b) => a.windowMs - b.windowMs)[0];
}
