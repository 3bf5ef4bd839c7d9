import type { Redis } from 'ioredis';

import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { nodesOf } from './redis-nodes.ts';

export interface ConnectionWatch {
  /** Of the connection, for the log. */
  name: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Time between two questions; 5 s by default. */
  everyMs?: number;
  /** Without an answer for so long the connection is dead; 12 s by default, more than a blocking read takes. */
  deadAfterMs?: number;
}

/**
 * Replaces a connection that has died without a word: its other side is gone and no packet says so, as after the failure of a
 * machine or a firewall that forgot it. Commands wait on it for ever otherwise, because workers never give up. What waits is
 * sent again on the new connection, as after one that broke. Ends with the signal and never rejects.
 */
export async function watchConnection(redis: Redis, watch: ConnectionWatch): Promise<void> {
  const { clock, signal, everyMs = 5_000 } = watch;
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted || redis.status !== 'ready') continue;
    // Also what it takes for replicas: one of them may be the master by now.
    await Promise.all(nodesOf(redis, 'all').map((node) => replaceIfDead(node, watch)));
  }
}

async function replaceIfDead(
  redis: Redis,
  { name, clock, log, signal, deadAfterMs = 12_000 }: ConnectionWatch,
): Promise<void> {
  const answered = new AbortController();
  const dying = clock.sleep(deadAfterMs, AbortSignal.any([signal, answered.signal])).then(() => {
    if (signal.aborted || answered.signal.aborted || redis.status !== 'ready') return;
    log.warn({ connection: name }, 'a connection to Redis has died without a word: replacing it');
    redis.disconnect(true);
  });
  // A question that fails was answered: the connection is known to be broken.
  await redis.ping().catch(() => {});
  answered.abort();
  await dying;
}
