import type { Config, RouteTarget } from '@sluice/config';
import { SluiceError, type JobRequest } from '@sluice/contracts';

import type { Cache } from './cache.ts';
import type { CachePlace } from './cached-reply.ts';
import { judgeLookup, type FoundReply } from './judge-lookup.ts';
import { placeOf, type Placing } from './place.ts';

/** What the cache makes of a job that has no place in a lane yet. */
export type AloneAnswer =
  /** `isDue`: the reply is stale, and somebody should fetch another. */
  | { kind: 'answer'; reply: FoundReply; isDue: boolean; place: CachePlace }
  /** `only`, and there is no reply. */
  | { kind: 'missed' }
  /** A worker looks once more when its turn comes: what is similar is found there. */
  | { kind: 'later' }
  | { kind: 'call' };

/** Without asking anybody: most models do not cache, and their jobs are accepted in one round trip. */
export function mayBeCached(
  job: Pick<JobRequest, 'type' | 'model' | 'routing' | 'cacheMode' | 'cacheChoice'>,
  { routes }: Pick<Config, 'routes'>,
): boolean {
  const { type, model, routing, cacheMode } = job;
  if (type === 'batch' || cacheMode === 'bypass' || cacheMode === 'refresh') return false;
  if (cacheMode === 'only' || job.cacheChoice?.ttlMs !== undefined) return true;
  return routes[type][routing?.model ?? model]?.cache !== undefined;
}

/**
 * Whether the cache alone decides a job that would be sent to `target` now. One round trip, none for a job that bypasses or
 * refreshes. `isDown` is asked only where a stale reply would do if the upstream cannot be asked.
 */
export async function answerAlone(
  cache: Pick<Cache, 'find'>,
  placing: Placing,
  target: RouteTarget,
  isDown: () => boolean | Promise<boolean>,
): Promise<AloneAnswer> {
  const { mode, strategy } = placing.policy;
  if (mode !== 'default' && mode !== 'only') return { kind: 'call' };
  const place = placeOf(placing, target);
  const judged = judgeLookup(await cache.find(place), placing.policy);
  if (judged.kind === 'answer') {
    return { kind: 'answer', reply: judged.reply, isDue: judged.isDue, place };
  }
  const { fallback } = judged;
  if (fallback && (await isDown())) {
    return { kind: 'answer', reply: fallback, isDue: false, place };
  }
  if (strategy === 'semantic') return { kind: 'later' };
  return { kind: mode === 'only' ? 'missed' : 'call' };
}

/** Why a job with the mode `only` fails for which there is no reply. */
export function cacheMiss(model: string): SluiceError {
  const message = `the cache has no reply for this request to ${model} (cache.mode is "only")`;
  return new SluiceError('cache_miss', message, { param: 'cache.mode' });
}
