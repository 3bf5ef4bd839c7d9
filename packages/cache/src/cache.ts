import type { KeepAs } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { CacheDeps } from './cache-deps.ts';
import type { CacheEntry, CachePlace, Lookup } from './cached-reply.ts';
import { keysOfScope } from './keys.ts';
import { replyArguments, replyKeys, toLookup } from './reply-store.ts';

const findScript = loadScript(import.meta.url, 'find-reply', ['look-up'], { together: true });
const keepScript = loadScript(import.meta.url, 'keep-reply', ['put-reply'], { together: 'last' });
const invalidateScript = loadScript(import.meta.url, 'invalidate');

/** `invalid`: something has invalidated it since its call was decided upon, or its tenant is erased. */
export type Kept = 'kept' | 'invalid' | 'too_large';

export interface Cache {
  /** The reply at a place, unless it was invalidated, has ended or cannot be read. One round trip. */
  find(place: CachePlace): Promise<Lookup>;
  /**
   * Keeps a reply and replaces an older one. One of more than 1 MiB of JSON is not kept: a few of those would push
   * everything else out of Redis.
   */
  keep(as: KeepAs, entry: CacheEntry): Promise<Kept>;
  /** Whether nobody has fetched another reply for this place in the last 30 s, who now does. */
  claimRefresh(place: CachePlace): Promise<boolean>;
  /** Replies of the scope with this name that were asked for until now are not found any more, however many they are. */
  invalidate(scope: string, name: string): Promise<void>;
}

/** Longer than any reply lives: 366 days, and twice for one that is kept stale. */
const rememberMs = 3 * 366 * 86_400_000;

/** By what a reply can be invalidated. */
export function namesOf(
  type: string,
  name: string,
  tags: readonly string[] = [],
): [string, string, ...string[]] {
  return [
    'all',
    `${type === 'workflow' ? 'app' : 'model'} ${name}`,
    ...tags.map((tag) => `tag ${tag}`),
  ];
}

/** Replies to equal requests. */
export function createCache(deps: CacheDeps): Cache {
  const { redis, root } = deps;
  return {
    find: (place) => find(deps, place),
    keep: (as, entry) => keep(deps, as, entry),
    claimRefresh: async ({ scope, digest }) =>
      (await redis.set(keysOfScope(root, scope).refresh(digest), '1', 'PX', 30_000, 'NX')) === 'OK',
    async invalidate(scope, name) {
      await invalidateScript(redis, [keysOfScope(root, scope).invalid], [name, rememberMs]);
    },
  };
}

async function find(deps: CacheDeps, place: CachePlace): Promise<Lookup> {
  const reply = await findScript(deps.redis, replyKeys(deps.root, place), [place.digest]);
  // The replies that find-reply.lua lists.
  return await toLookup(deps, place, reply as [number, string?, string?, string?]);
}

async function keep(deps: CacheDeps, as: KeepAs, entry: CacheEntry): Promise<Kept> {
  const args = await replyArguments(deps, as, entry);
  if (args === 'erased') return 'invalid';
  if (args === 'too_large') return args;
  const kept = await keepScript(deps.redis, replyKeys(deps.root, as), args);
  return kept === 1 ? 'kept' : 'invalid';
}
