import type { Redis } from 'ioredis';

import type { CostUsd, RunResult, Usage } from '@sluice/contracts';
import type { Seals } from '@sluice/runtime';

import { entryKey } from './keys.ts';

/** A result as it was bought. */
export interface CacheEntry {
  result: RunResult;
  usage?: Usage;
  /** What it cost when it was bought; a hit costs nothing. */
  costUsd: CostUsd;
  /** Milliseconds since the epoch. */
  storedAtMs: number;
  provider: string;
  model: string;
}

export interface Cache {
  /** The tenant's entry under a key of `cacheKey`; `undefined` when there is none, when it has expired or cannot be read. */
  read(key: string, tenantId: string): Promise<CacheEntry | undefined>;
  /**
   * Keeps an entry for `ttlMs` and replaces an older one. An entry of more than 1 MiB of JSON is not kept: a few of those
   * would push everything else out of Redis.
   */
  write(
    key: string,
    entry: CacheEntry,
    ttlMs: number,
    tenantId: string,
  ): Promise<'stored' | 'too_large'>;
}

/** Largest entry, in bytes of JSON. */
export const maxEntryBytes = 1024 * 1024;

export interface CacheDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** Encryption at rest; without it entries are stored in clear. */
  seals?: Seals | undefined;
}

/** Results of equal requests, for as long as the model's configuration says. */
export function createCache({ redis, root, seals }: CacheDeps): Cache {
  return {
    async read(key, tenantId) {
      const text = await redis.get(entryKey(root, key));
      if (text === null || !seals) return parseEntry(text ?? '');
      const seal = await seals.of(tenantId, text);
      return seal && parseEntry(seal.open(text, `cache/${key}`));
    },
    async write(key, entry, ttlMs, tenantId) {
      const text = JSON.stringify(entry);
      if (Buffer.byteLength(text) > maxEntryBytes) return 'too_large';
      const stored = seals ? (await seals.of(tenantId))?.seal(text, `cache/${key}`) : text;
      // Erased meanwhile: nobody will ask for it.
      if (stored === undefined) return 'stored';
      await redis.set(entryKey(root, key), stored, 'PX', Math.max(1, Math.round(ttlMs)));
      return 'stored';
    },
  };
}

/** Only this package writes entries and the key names their version, so one that parses has the right shape. */
function parseEntry(text: string): CacheEntry | undefined {
  try {
    return JSON.parse(text) as CacheEntry;
  } catch {
    return undefined;
  }
}
