import type { Redis } from 'ioredis';

/** Rejects with the names of the keys that have neither a TTL nor an owner (a pattern in `ownedKeys`). */
export async function assertNoLeaks(
  redis: Redis,
  keys: readonly string[],
  ownedKeys: readonly RegExp[],
): Promise<void> {
  const unowned = keys.filter((key) => !ownedKeys.some((pattern) => pattern.test(key)));
  const expiries = await Promise.all(unowned.map(async (key) => await redis.pttl(key)));
  const leaked = unowned.filter((_, index) => expiries[index] === -1);
  if (leaked.length > 0) {
    throw new Error(`Keys without TTL and without owner:\n  ${leaked.join('\n  ')}`);
  }
}
