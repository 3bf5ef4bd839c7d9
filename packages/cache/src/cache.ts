import type { Redis } from 'ioredis';

import type { CostUsd, KeepAs, RunResult, Usage } from '@sluice/contracts';
import { loadScript, type Seals } from '@sluice/runtime';

import { keysOfScope, sharedScope } from './keys.ts';

const findScript = loadScript(import.meta.url, 'find-reply');
const keepScript = loadScript(import.meta.url, 'keep-reply');
const invalidateScript = loadScript(import.meta.url, 'invalidate');

/** A result as it was bought. */
export interface CacheEntry {
  result: RunResult;
  usage?: Usage;
  /** What it cost when it was bought; a hit costs nothing. */
  costUsd: CostUsd;
  provider: string;
  model: string;
}

/** Where a reply is: who may find it, among which replies it is counted, and its name there. */
export interface CachePlace {
  /** A tenant, or {@link sharedScope}. */
  scope: string;
  /** Public name of the model or app. */
  group: string;
  /** As `cacheKey` makes it. */
  digest: string;
}

/** What was found, by Redis's clock in epoch milliseconds. */
export interface Lookup {
  nowMs: number;
  found?: { entry: CacheEntry; ageMs: number; isFresh: boolean; staleForMs: number };
}

export interface Cache {
  /** The reply at a place, unless it was invalidated, has ended or cannot be read. One round trip. */
  find(place: CachePlace): Promise<Lookup>;
  /**
   * Keeps a reply and replaces an older one. One of more than 1 MiB of JSON is not kept: a few of those would push
   * everything else out of Redis.
   */
  keep(as: KeepAs, entry: CacheEntry): Promise<'kept' | 'invalid' | 'too_large'>;
  /** Whether nobody has fetched another reply for this place in the last 30 s, who now does. */
  claimRefresh(place: CachePlace): Promise<boolean>;
  /** Replies of the scope with this name that were asked for until now are not found any more, however many they are. */
  invalidate(scope: string, name: string): Promise<void>;
}

/** Largest reply, in bytes of JSON. */
export const maxEntryBytes = 1024 * 1024;

/** Longer than any reply lives: 366 days, and twice for one that is kept stale. */
const rememberMs = 3 * 366 * 86_400_000;

export interface CacheDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** Encryption at rest; without it replies are stored in clear. Those that all tenants share are sealed as a tenant's would be. */
  seals?: Seals | undefined;
}

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
  const keys = keysOfScope(deps.root, place.scope);
  // The replies that find-reply.lua lists.
  const [nowMs, value, storedAt, freshUntil] = (await findScript(
    deps.redis,
    [keys.reply(place.digest), keys.invalid, keys.used(place.group)],
    [place.digest],
  )) as [number, string?, string?, string?];
  if (value === undefined) return { nowMs };
  const entry = await open(deps, place, value);
  if (!entry) return { nowMs };
  const staleForMs = nowMs - Number(freshUntil);
  const ageMs = Math.max(0, nowMs - Number(storedAt));
  return { nowMs, found: { entry, ageMs, isFresh: staleForMs < 0, staleForMs } };
}

async function keep(
  { redis, root, seals }: CacheDeps,
  as: KeepAs,
  entry: CacheEntry,
): Promise<'kept' | 'invalid' | 'too_large'> {
  const text = JSON.stringify(entry);
  if (Buffer.byteLength(text) > maxEntryBytes) return 'too_large';
  const stored = seals ? (await seals.of(sealOwner(as)))?.seal(text, about(as)) : text;
  // Erased meanwhile: nobody will ask for it.
  if (stored === undefined) return 'invalid';
  const keys = keysOfScope(root, as.scope);
  const freshMs = Math.max(1, Math.round(as.ttlMs));
  const kept = await keepScript(
    redis,
    [keys.reply(as.digest), keys.invalid, keys.used(as.group)],
    [
      as.digest,
      stored,
      as.askedAtMs,
      freshMs,
      freshMs + Math.round(as.staleMs),
      as.names.join('\n'),
      as.maxEntries,
      keys.reply(''),
    ],
  );
  return kept === 1 ? 'kept' : 'invalid';
}

/** Only this package writes replies and the key names their version, so one that parses has the right shape. */
async function open(
  { seals }: CacheDeps,
  place: CachePlace,
  value: string,
): Promise<CacheEntry | undefined> {
  const seal = seals && (await seals.of(sealOwner(place), value));
  if (seals && !seal) return undefined;
  try {
    return JSON.parse(seal ? seal.open(value, about(place)) : value) as CacheEntry;
  } catch {
    return undefined;
  }
}

/** What all tenants share belongs to none of them: it is sealed with the key of the operator's own tenant. */
function sealOwner({ scope }: CachePlace): string {
  return scope === sharedScope ? 'default' : scope;
}

function about({ scope, digest }: CachePlace): string {
  return `cache/${scope}/${digest}`;
}
