import { z } from 'zod';

import { name } from './name.ts';

/**
 * | mode    | looks for a reply | makes a call                 | keeps the reply |
 * |---------|-------------------|------------------------------|-----------------|
 * | default | yes               | when there is none           | yes             |
 * | bypass  | no                | always                       | no              |
 * | refresh | no                | always                       | yes             |
 * | only    | yes               | never: fails as `cache_miss` | no              |
 */
export const cacheModes = ['default', 'bypass', 'refresh', 'only'] as const;
export type CacheMode = (typeof cacheModes)[number];

/** From the strictest to the loosest; each also finds what the ones before it find. */
export const cacheStrategies = ['exact', 'normalized', 'semantic'] as const;
export type CacheStrategy = (typeof cacheStrategies)[number];

export const maxCacheSeconds = 366 * 86_400;

const tag = z.string().regex(/^[\w.:/@-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : / @ -');

/** What a job says of the cache; what it leaves out its model says. */
export const cacheRequest = z.strictObject({
  mode: z.enum(cacheModes).optional(),
  strategy: z.enum(cacheStrategies).optional(),
  /** How long its reply answers equal requests. */
  ttl_seconds: z.number().min(0.001).max(maxCacheSeconds).optional(),
  /** A reply that is older does not answer this job. */
  max_age_seconds: z.number().min(0).max(maxCacheSeconds).optional(),
  /** Names by which its reply can be invalidated. */
  tags: z.array(tag).max(16).optional(),
  /** Of the semantic strategy: how similar two questions must be, 0 to 1. */
  threshold: z.number().gt(0).max(1).optional(),
  /** Keep and give a reply although a temperature without a seed makes each call's another. */
  sampled: z.boolean().optional(),
});

/** The same as a record holds it; times are milliseconds. */
export interface CacheChoice {
  strategy?: CacheStrategy;
  ttlMs?: number;
  maxAgeMs?: number;
  tags?: string[];
  threshold?: number;
  sampled?: boolean;
}

/** How a job's result was found. */
export interface CacheInfo {
  /**
   * `hit`: an earlier reply, `stale`: one whose time is over; `miss` `bypass` `refresh`: a call; `off`: the model does not
   * cache.
   */
  status: 'hit' | 'stale' | 'miss' | 'bypass' | 'refresh' | 'off';
  /** Seconds since the reply was stored; only of one that was found. */
  age_seconds?: number;
  /** What found it; only of one that was found. */
  strategy?: CacheStrategy;
  /** Cosine similarity of the two questions; only where the semantic strategy found it. */
  similarity?: number;
}

/** Body of `POST /v1/cache/invalidate`: exactly one of what to forget. */
export const invalidateCache = z
  .strictObject({
    tag: tag.optional(),
    model: name.optional(),
    app: name.optional(),
    all: z.literal(true).optional(),
    /** `shared`: the replies that all tenants find; for operators. */
    scope: z.enum(['tenant', 'shared']).optional(),
  })
  .refine(
    ({ tag: byTag, model, app, all }) =>
      [byTag, model, app, all].filter((given) => given !== undefined).length === 1,
    { path: ['tag'], error: 'give exactly one of tag, model, app, all' },
  );
export type InvalidateCache = z.infer<typeof invalidateCache>;
