import { countEntries, type Piece, type UsageDeps } from './count-entries.ts';
import { usageKeys } from './keys.ts';
import { readUsage, sumUsage, type UsageBucket, type UsageQuery } from './read-usage.ts';

/** How long a meter that says nothing keeps the others of its shard idle. */
const turnMs = 5_000;

/** What the ledgers add up to. */
export interface UsageBook {
  /** Whether this process is to count the shard; it asks again each time. Only spares work: two that count are no harm. */
  takeTurn(shard: number, meterId: string): Promise<boolean>;
  /** Id of the last entry of a shard's ledger that is counted; `0` before the first. */
  countedUpTo(shard: number): Promise<string>;
  /** Adds entries that follow on it. `false`: another process has counted meanwhile, and nothing was added. */
  count(piece: Piece): Promise<boolean>;
  read(query: UsageQuery): AsyncGenerator<UsageBucket>;
  sum(query: UsageQuery): Promise<UsageBucket>;
}

/** @throws Whatever ioredis throws, from every method. */
export function createUsageBook(deps: UsageDeps): UsageBook {
  const { redis, root } = deps;
  return {
    async takeTurn(shard, meterId) {
      const { meter } = usageKeys(root, shard);
      if ((await redis.set(meter, meterId, 'PX', turnMs, 'NX')) === 'OK') return true;
      if ((await redis.get(meter)) !== meterId) return false;
      await redis.pexpire(meter, turnMs);
      return true;
    },
    countedUpTo: async (shard) => (await redis.get(usageKeys(root, shard).counted)) ?? '0',
    count: (piece) => countEntries(deps, piece),
    read: (query) => readUsage(deps, query),
    sum: (query) => sumUsage(deps, query),
  };
}
