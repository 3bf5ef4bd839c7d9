import type { Redis } from 'ioredis';

import { budgetKeys } from './keys.ts';
import type { ReachedShare } from './reached-shares.ts';

/** Which shares were told of already, once in their period. */
export interface ToldShares {
  /** Those of them that were not. One round trip for each period. */
  without(shares: readonly ReachedShare[]): Promise<ReachedShare[]>;
  add(share: ReachedShare): Promise<void>;
}

const keptMs = 70 * 86_400_000;

/** @throws Whatever ioredis throws, from both methods. */
export function createToldShares({ redis, root }: { redis: Redis; root: string }): ToldShares {
  const keys = budgetKeys(root);
  return {
    async without(shares) {
      const byPeriod = Map.groupBy(shares, ({ period }) => period);
      const untold = await Promise.all(
        [...byPeriod].map(async ([period, all]) => {
          const marks = await redis.hmget(keys.told(period), ...all.map(fieldOf));
          return all.filter((_, i) => marks[i] === null);
        }),
      );
      return untold.flat();
    },
    async add(share) {
      const key = keys.told(share.period);
      await redis.multi().hset(key, fieldOf(share), '1').pexpire(key, keptMs).exec();
    },
  };
}

function fieldOf({ scope, percent }: ReachedShare): string {
  return `${scope} ${percent}`;
}
