import { Redis, type RedisOptions } from 'ioredis';

import type { Logger } from './logger.ts';
import { sendScripts } from './lua-script.ts';

export type { Redis } from 'ioredis';

/**
 * What a connection is for decides how it fails:
 * - `producer`: fails fast. A request must be answered with 503 within 300 ms when Redis is away, never hang.
 * - `worker`: never gives up. Commands wait for Redis to come back; BullMQ asks for that (`maxRetriesPerRequest: null`).
 * - `subscriber`: like worker, and it subscribes again by itself after a reconnect.
 */
export type RedisRole = 'producer' | 'worker' | 'subscriber';

/**
 * Longest pause between two tries to connect. BullMQ's own default grows to 20 s, which turns an outage of 20 s into one
 * longer than a 30 s lock: measured, five of five jobs in flight ran twice. With 500 ms: none.
 */
const maxReconnectDelayMs = 500;

/** Without what only other protocols need. */
type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

const byRole: Record<RedisRole, ConnectionOptions> = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    connectTimeout: 2_000,
  },
  worker: { maxRetriesPerRequest: null, connectTimeout: 5_000 },
  subscriber: { maxRetriesPerRequest: null, connectTimeout: 5_000 },
};

/** For a `rediss://` URL, as PEM: who may vouch for Redis, and what shows who we are. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Connects to `url` (`redis://` or `rediss://`, with user and password where Redis has an ACL). Errors of the connection are logged, one line per change of state. */
export function createRedis(url: string, role: RedisRole, log: Logger, tls?: RedisTls): Redis {
  const options: ConnectionOptions = {
    ...byRole[role],
    retryStrategy: (times) => Math.min(times * 50, maxReconnectDelayMs),
    // While Redis reads its data after a restart: ioredis waits as long as Redis guesses, a second at least.
    maxLoadingRetryTime: maxReconnectDelayMs / 2,
    enableAutoPipelining: false,
    ...(tls && { tls }),
  };
  const redis = new Redis(url, options);
  let down = false;
  redis.on('error', (error: Error) => {
    if (!down) log.warn({ role, reason: error.message }, 'Redis is not reachable; trying again');
    down = true;
  });
  redis.on('ready', () => {
    if (down) log.info({ role }, 'Redis is back');
    down = false;
    if (role === 'subscriber') return;
    // A Redis that was restarted has forgotten them. Nothing else can be sent before: this runs as soon as it is ready.
    sendScripts(redis).catch((error: unknown) => log.debug({ err: error }, 'scripts not sent'));
  });
  return redis;
}

/** Resolves when the connection is ready; rejects with the reason after `timeoutMs`. */
export async function whenReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let reason = 'no answer';
    const onError = (error: Error) => {
      reason = error.message;
    };
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('error', onError);
      settle();
    };
    const onReady = () => finish(resolve);
    const timer = setTimeout(
      () =>
        finish(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms: ${reason}`))),
      timeoutMs,
    );
    redis.on('ready', onReady);
    redis.on('error', onError);
  });
}
