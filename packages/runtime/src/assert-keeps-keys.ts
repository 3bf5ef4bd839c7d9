import type { Redis } from 'ioredis';

/**
 * Refuses a Redis that drops keys when its memory is full: a dropped record is a lost job, and nobody would notice. Asks
 * `INFO`, which also a Redis answers that has no `CONFIG` for its users; one that tells no policy is taken.
 * @throws Error with one line that says what to set.
 */
export async function assertKeepsKeys(redis: Redis): Promise<void> {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
  if (policy === undefined || policy === 'noeviction') return;
  throw new Error(
    `Redis has maxmemory-policy ${policy}, which drops jobs when memory is full: set it to noeviction`,
  );
}
