import type { Bucket, Lane } from './config.ts';
import type { LimitsSection } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';
import type { Path } from './path.ts';

/** Collects the lanes that targets use, and the names that two scopes claim. */
export interface LaneRegistry {
  lanes: Record<string, Lane>;
  problems: PathProblem[];
  /** The lane's name for the scope that `owner` describes in the file; made on first use. */
  use(name: string, limits: LimitsSection, owner: Path): string;
}

export function createLaneRegistry(): LaneRegistry {
  const lanes: Record<string, Lane> = {};
  const owners = new Map<string, string>();
  const problems: PathProblem[] = [];
  return {
    lanes,
    problems,
    use(given, limits, owner) {
      const name = laneName(given);
      const claim = JSON.stringify(owner);
      const claimed = owners.get(name) ?? claim;
      if (claimed !== claim) {
        const other = (JSON.parse(claimed) as string[]).join('.');
        problems.push({
          path: owner,
          message: `its lane "${name}" is already that of ${other}; rename one`,
        });
        return name;
      }
      owners.set(name, claim);
      lanes[name] = { name, buckets: readBuckets(limits), concurrency: limits.concurrency };
      return name;
    },
  };
}

/** A lane's name is part of Redis keys and queue names: anything but letters, digits, `.`, `_` and `-` becomes `_`. */
function laneName(given: string): string {
  return given.replace(/[^A-Za-z0-9._-]/g, '_');
}

/**
 * The buckets of a lane. `pacing` shapes the limits a second and a minute; a day's limit is always given out as asked,
 * because spreading 1,000 requests over a day would make each one wait 86 s for the one before.
 */
function readBuckets(limits: LimitsSection): Bucket[] {
  const { pacing } = limits;
  const named: (Omit<Bucket, 'limit'> & { limit: number | undefined })[] = [
    { unit: 'requests', limit: limits.requestsPerSecond, windowMs: 1_000, pacing },
    { unit: 'requests', limit: limits.requestsPerMinute, windowMs: 60_000, pacing },
    { unit: 'requests', limit: limits.requestsPerDay, windowMs: 86_400_000, pacing: 'burst' },
    { unit: 'tokens', limit: limits.tokensPerMinute, windowMs: 60_000, pacing },
  ];
  const general = limits.buckets.map((bucket) => ({
    unit: bucket.unit,
    limit: bucket.limit,
    windowMs: Math.round(bucket.windowSeconds * 1_000),
    pacing: bucket.pacing ?? pacing,
  }));
  return [
    ...named.flatMap(({ limit, ...bucket }) => (limit === undefined ? [] : [{ ...bucket, limit }])),
    ...general,
  ];
}
