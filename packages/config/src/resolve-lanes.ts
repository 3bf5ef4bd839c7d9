import { kindFacts } from './adapter-kinds.ts';
import type { Bucket, Lane, ProfileName } from './config.ts';
import type { CountsSection, LimitsSection } from './limits-section.ts';
import type { PathProblem } from './interpolate.ts';
import type { Path } from './path.ts';

/** Collects the lanes that targets use, and the names that two scopes claim. */
export interface LaneRegistry {
  lanes: Record<string, Lane>;
  problems: PathProblem[];
  /** The lane's name for the scope that `owner` describes in the file; made on first use. */
  use(name: string, scope: LaneScope): string;
}

export interface LaneScope {
  limits: LimitsSection;
  /** Of the provider, which says how calls are charged unless the limits do. */
  kind: string;
  owner: Path;
}

export function createLaneRegistry(): LaneRegistry {
  const lanes: Record<string, Lane> = {};
  const owners = new Map<string, string>();
  const problems: PathProblem[] = [];
  return {
    lanes,
    problems,
    use(given, { limits, kind, owner }) {
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
      lanes[name] = resolveLane(name, limits, kind);
      return name;
    },
  };
}

/** A lane's name is part of Redis keys and queue names: anything but letters, digits, `.`, `_` and `-` becomes `_`. */
function laneName(given: string): string {
  return given.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** A lane as its limits say, or one whose limits an operator has changed. */
export function resolveLane(name: string, limits: LimitsSection, kind: string): Lane {
  const profile = limits.profile ?? kindFacts(kind).countsLike;
  const { perTenant } = limits;
  return {
    name,
    buckets: readBuckets(limits, profile),
    concurrency: limits.concurrency,
    ...(perTenant && {
      perTenant: {
        buckets: readBuckets(perTenant, 'plain'),
        concurrency: perTenant.concurrency,
      },
    }),
    profile,
    maxPauseMs: Math.round(limits.maxPauseSeconds * 1_000),
  };
}

/**
 * The buckets of a lane. `pacing` shapes the limits a second and a minute; a day's limit is always given out as asked,
 * because spreading 1,000 requests over a day would make each one wait 86 s for the one before.
 */
function readBuckets(limits: CountsSection, profile: ProfileName): Bucket[] {
  const { pacing } = limits;
  const day = { windowMs: 86_400_000, pacing: 'burst' } as const;
  const minute = { windowMs: 60_000, pacing };
  const named: (Omit<Bucket, 'limit'> & { limit: number | undefined })[] = [
    { unit: 'requests', limit: limits.requestsPerSecond, windowMs: 1_000, pacing },
    { unit: 'requests', limit: limits.requestsPerMinute, ...minute },
    {
      unit: 'requests',
      limit: limits.requestsPerDay,
      ...day,
      ...(profile === 'gemini' && { resets: 'pacific midnight' as const }),
    },
    { unit: 'tokens', limit: limits.tokensPerMinute, ...minute },
    { unit: 'inputTokens', limit: limits.inputTokensPerMinute, ...minute },
    { unit: 'outputTokens', limit: limits.outputTokensPerMinute, ...minute },
  ];
  const general = limits.buckets.map((bucket) => ({
    unit: bucket.unit,
    limit: bucket.limit,
    windowMs: Math.round(bucket.windowSeconds * 1_000),
    pacing: bucket.pacing ?? pacing,
  }));
  return [
    ...named.flatMap(({ limit, ...bucket }) => (limit === undefined ? [] : [{ ...bucket, limit }])),
    ...(profile === 'azure' ? azureSlices(limits) : []),
    ...general,
  ];
}

/**
 * Azure looks at requests per minute in slices of 1 to 10 s: a burst below the minute's limit gets a 429 all the same.
 * The shortest slice that holds a request is kept too, unless the file has a limit of that window itself.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota
 */
function azureSlices({
  requestsPerMinute = 0,
  requestsPerSecond,
  buckets,
  pacing,
}: CountsSection): Bucket[] {
  const slice = [1_000, 10_000].find((ms) => requestsPerMinute * ms >= 60_000);
  if (slice === undefined || (slice === 1_000 && requestsPerSecond !== undefined)) return [];
  const isGiven = buckets.some(
    ({ unit, windowSeconds }) => unit === 'requests' && Math.round(windowSeconds * 1_000) === slice,
  );
  if (isGiven) return [];
  const limit = Math.floor((requestsPerMinute * slice) / 60_000);
  return [{ unit: 'requests', limit, windowMs: slice, pacing }];
}
