export { createCache, maxEntryBytes } from './cache.ts';
export type { Cache, CacheEntry } from './cache.ts';
export { cacheKey } from './cache-key.ts';
export type { CacheKeyParts } from './cache-key.ts';
