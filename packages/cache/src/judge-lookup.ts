import type { CacheInfo } from '@sluice/contracts';

import type { CacheEntry, Lookup } from './cached-reply.ts';
import type { EffectivePolicy } from './policy.ts';

/** A reply, and how the job that gets it shows where it is from. */
export interface FoundReply {
  entry: CacheEntry;
  info: CacheInfo;
}

/** What a look-up means for a job. */
export type Judgement =
  /** It answers the job. `isDue`: it is stale, and somebody should fetch another. */
  | { kind: 'answer'; reply: FoundReply; isDue: boolean }
  /** Only a call does. `fallback`: what answers if the call fails. */
  | { kind: 'call'; fallback?: FoundReply };

/**
 * | found                                        | mode default                | mode only   |
 * |----------------------------------------------|-----------------------------|-------------|
 * | nothing, or older than the job's `max_age`   | call                        | no answer   |
 * | fresh                                        | answer                      | answer      |
 * | stale, within `staleWhileRevalidate`         | answer; another is fetched  | answer      |
 * | stale, within `staleIfError`                 | call; answer if it fails    | answer      |
 */
export function judgeLookup(
  { found }: Pick<Lookup, 'found'>,
  policy: Pick<
    EffectivePolicy,
    'mode' | 'strategy' | 'maxAgeMs' | 'staleIfErrorMs' | 'staleWhileRevalidateMs'
  >,
): Judgement {
  if (!found || found.ageMs > policy.maxAgeMs) return { kind: 'call' };
  const { entry, ageMs, isFresh, staleForMs } = found;
  const strategy = policy.strategy === 'exact' ? 'exact' : 'normalized';
  const status = isFresh ? 'hit' : 'stale';
  const info: CacheInfo = { status, age_seconds: Math.round(ageMs / 1_000), strategy };
  const reply = { entry, info };
  if (isFresh) return { kind: 'answer', reply, isDue: false };
  const isOnly = policy.mode === 'only';
  if (staleForMs < policy.staleWhileRevalidateMs) return { kind: 'answer', reply, isDue: !isOnly };
  if (staleForMs >= policy.staleIfErrorMs) return { kind: 'call' };
  return isOnly ? { kind: 'answer', reply, isDue: false } : { kind: 'call', fallback: reply };
}
