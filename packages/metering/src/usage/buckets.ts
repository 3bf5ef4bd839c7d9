const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** Widths of time, and how long a bucket of each is kept from its beginning. All begin at UTC's own. */
export const intervals = {
  minute: { ms: minuteMs, keptMs: 6 * hourMs },
  hour: { ms: hourMs, keptMs: 31 * dayMs },
  day: { ms: dayMs, keptMs: 400 * dayMs },
} as const;
export type Interval = keyof typeof intervals;

export const intervalNames = ['minute', 'hour', 'day'] as const satisfies readonly Interval[];

/**
 * Each call is counted in `users`, and once in `tags` for each entry of its job's metadata; both have every other dimension.
 * Users and tags together would be a row for each pair of them.
 */
export type Table = 'users' | 'tags';

export interface BucketName {
  table: Table;
  interval: Interval;
  /** Epoch ms. */
  startMs: number;
}

/** Beginning of the bucket that a time is in. */
export function startOf(interval: Interval, atMs: number): number {
  const { ms } = intervals[interval];
  return Math.floor(atMs / ms) * ms;
}
