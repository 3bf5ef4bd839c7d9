/**
 * Keys of the cache, one string each with a TTL:
 *
 *   <root>:cache:<key>    JSON of a CacheEntry; `key` is what `cacheKey` makes: `v1:<sha256 in hex>`
 *
 * No hash tag: entries spread over all slots of a cluster.
 */
export function entryKey(root: string, key: string): string {
  return `${root}:cache:${key}`;
}
