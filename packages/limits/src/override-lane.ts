import type { Bucket, Lane, Unit } from '@sluice/config';
import type { LimitOverrides } from '@sluice/contracts';

const minuteMs = 60_000;

const bucketOf: Record<
  Exclude<keyof LimitOverrides, 'concurrency'>,
  { unit: Unit; windowMs: number }
> = {
  requestsPerSecond: { unit: 'requests', windowMs: 1_000 },
  requestsPerMinute: { unit: 'requests', windowMs: minuteMs },
  requestsPerDay: { unit: 'requests', windowMs: 86_400_000 },
  tokensPerMinute: { unit: 'tokens', windowMs: minuteMs },
  inputTokensPerMinute: { unit: 'inputTokens', windowMs: minuteMs },
  outputTokensPerMinute: { unit: 'outputTokens', windowMs: minuteMs },
};

/**
 * The lane with an operator's limits in place of its own. A limit that the lane does not have is added. Azure's slices of a
 * minute follow the minute.
 */
export function overrideLane(lane: Lane, overrides: LimitOverrides): Lane {
  const { concurrency, ...limits } = overrides;
  let { buckets } = lane;
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === undefined) continue;
    // The schema allows no other names.
    buckets = setBucket(lane, buckets, { ...bucketOf[name as keyof typeof limits], limit });
  }
  return {
    ...lane,
    buckets,
    ...(concurrency !== undefined && { concurrency: concurrency ?? undefined }),
  };
}

function setBucket(
  lane: Lane,
  buckets: Bucket[],
  set: { unit: Unit; windowMs: number; limit: number | null },
): Bucket[] {
  const { unit, windowMs, limit } = set;
  const isIt = (bucket: Bucket) => bucket.unit === unit && bucket.windowMs === windowMs;
  const old = buckets.find(isIt);
  const others = buckets.filter((bucket) => !isIt(bucket));
  if (limit === null) return others;
  const isSlice = (bucket: Bucket) =>
    lane.profile === 'azure' && old && bucket.unit === 'requests' && bucket.windowMs < windowMs;
  const scaled = others.map((bucket) =>
    windowMs === minuteMs && isSlice(bucket)
      ? {
          ...bucket,
          limit: Math.max(1, Math.floor((bucket.limit * limit) / (old?.limit ?? limit))),
        }
      : bucket,
  );
  const pacing = old?.pacing ?? (windowMs > minuteMs ? 'burst' : (buckets[0]?.pacing ?? 'smooth'));
  return [...scaled, { ...old, unit, windowMs, limit, pacing }];
}
