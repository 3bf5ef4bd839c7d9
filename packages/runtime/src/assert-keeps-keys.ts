import type { Redis } from 'ioredis';

import { nodesOf } from './redis-nodes.ts';

/**
 * Refuses a Redis that drops keys when its memory is full: a dropped record is a lost job, and nobody would notice. Asks
 * `INFO`, which also a Redis answers that has no `CONFIG` for its users; one that tells no policy is taken.
 * @throws Error with one line that says what to set.
 */
export async function assertKeepsKeys(redis: Redis): Promise<void> {
  for (const node of nodesOf(redis)) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await node.info('memory'))?.[1];
    if (policy === undefined || policy === 'noeviction') continue;
    throw new Error(
      `Redis has maxmemory-policy ${policy}, which drops jobs when memory is full: set it to noeviction`,
    );
  }
}
