import type { Redis } from 'ioredis';

import type { CostUsd, RunResult, Usage } from '@sluice/contracts';

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
  /** The entry under a key of `cacheKey`; `undefined` when there is none, when it has expired or cannot be read. */
  read(key: string): Promise<CacheEntry | undefined>;
  /**
   * Keeps an entry for `ttlMs` and replaces an older one. An entry of more than 1 MiB of JSON is not kept: a few of those
   * would push everything else out of Redis.
   */
  write(key: string, entry: CacheEntry, ttlMs: number): Promise<'stored' | 'too_large'>;
}

/** Largest entry, in bytes of JSON. */
export const maxEntryBytes = 1024 * 1024;

/** Results of equal requests, for as long as the model's configuration says. */
export function createCache({ redis, root }: { redis: Redis; root: string }): Cache {
  return {
    async read(key) {
      const text = await redis.get(entryKey(root, key));
      return text === null ? undefined : parseEntry(text);
    },
    async write(key, entry, ttlMs) {
      const text = JSON.stringify(entry);
      if (Buffer.byteLength(text) > maxEntryBytes) return 'too_large';
      await redis.set(entryKey(root, key), text, 'PX', Math.max(1, Math.round(ttlMs)));
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
