import { cacheModes, cacheStrategies, maxCacheSeconds } from '@sluice/contracts';
import { z } from 'zod';

import type { CachePolicy } from './cache-policy.ts';
import { count, number, seconds } from './section-values.ts';
import { toMs } from './to-ms.ts';

const ttl = seconds(0.001, maxCacheSeconds);
const stale = seconds(0, maxCacheSeconds).default(0);

/** `cache:` of a model or an app. */
export const cacheSection = z.strictObject({
  ttlSeconds: ttl,
  mode: z.enum(cacheModes).default('default'),
  strategy: z.enum(cacheStrategies).default('exact'),
  scope: z.enum(['tenant', 'shared']).default('tenant'),
  version: z.coerce.string().max(64).default(''),
  maxEntries: count(10_000_000).default(10_000),
  staleWhileRevalidateSeconds: stale,
  staleIfErrorSeconds: stale,
  sampled: z.boolean().default(false),
  truncated: z.boolean().default(false),
  singleFlight: z.boolean().default(true),
  semantic: z
    .strictObject({
      threshold: number(z.number().gt(0).max(1)).default(0.95),
      embeddingModel: z.string().min(1).optional(),
    })
    .prefault({}),
});
export type CacheSection = z.infer<typeof cacheSection>;

export function cacheOf(section: CacheSection): CachePolicy {
  const { ttlSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds, semantic, ...rest } =
    section;
  return {
    ...rest,
    ttlMs: toMs(ttlSeconds),
    staleWhileRevalidateMs: toMs(staleWhileRevalidateSeconds),
    staleIfErrorMs: toMs(staleIfErrorSeconds),
    semantic: { threshold: semantic.threshold, embeddingModel: semantic.embeddingModel },
  };
}

const defaults = cacheOf(cacheSection.parse({ ttlSeconds: 1 }));

/** Of a job that asks to be cached for `ttlMs` where its model says nothing. */
export function policyOfTtl(ttlMs: number): CachePolicy {
  return { ...defaults, ttlMs };
}
