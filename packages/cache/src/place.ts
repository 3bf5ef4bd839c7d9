import type { Route, RouteTarget } from '@sluice/config';
import type { CallType, JobRequest, KeepAs } from '@sluice/contracts';

import { namesOf } from './cache.ts';
import type { CachePlace } from './cached-reply.ts';
import { cacheKey, flightKey } from './cache-key.ts';
import type { Flight } from './flights.ts';
import type { EffectivePolicy } from './policy.ts';

/** A job with what was decided about it. */
export interface Placing {
  policy: EffectivePolicy;
  route: Pick<Route, 'name'>;
  job: Pick<JobRequest, 'input' | 'user' | 'includeRaw'> & { type: CallType };
}

/** Where the reply of a target to this job is kept. */
export function placeOf({ policy, route, job }: Placing, target: RouteTarget): CachePlace {
  const { version, strategy } = policy;
  const { type, input, user, includeRaw } = job;
  const parts = { type, name: route.name, target, input, user, includeRaw, version, strategy };
  return { scope: policy.owner, group: route.name, digest: cacheKey(parts) };
}

/** The flight of the job: all that may be sent to these targets with this request. */
export function flightOf({ policy, route, job }: Placing, targets: readonly RouteTarget[]): Flight {
  const { type, input, user, includeRaw } = job;
  const parts = { type, name: route.name, input, user, includeRaw, version: policy.version };
  return { scope: policy.owner, digest: flightKey(parts, targets) };
}

/** How a reply is kept at `place` that was decided upon at `askedAtMs`. */
export function keepAsOf(
  { policy, route, job }: Placing,
  place: CachePlace,
  askedAtMs: number,
): KeepAs {
  return {
    ...place,
    askedAtMs,
    ttlMs: policy.ttlMs,
    staleMs: Math.max(policy.staleWhileRevalidateMs, policy.staleIfErrorMs),
    names: namesOf(job.type, route.name, policy.tags),
    maxEntries: policy.maxEntries,
  };
}
