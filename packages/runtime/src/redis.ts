import { Cluster, Redis, type RedisOptions } from 'ioredis';

import type { Logger } from './logger.ts';
import { sendScripts } from './lua-script.ts';
import { parseRedisUrl, type RedisAddress } from './redis-address.ts';
import { nodesOf } from './redis-nodes.ts';

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

const byRole: Record<RedisRole, ConnectionOptions & { connectTimeout: number }> = {
  producer: {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    connectTimeout: 2_000,
  },
  worker: { maxRetriesPerRequest: null, connectTimeout: 5_000 },
  subscriber: { maxRetriesPerRequest: null, connectTimeout: 5_000 },
};

/** For TLS, as PEM: who may vouch for Redis, and what shows who we are. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Connects to what `url` names: see {@link parseRedisUrl}. Errors of the connection are logged, one line per change of state.
 * @throws Error for a URL that is none of Redis.
 */
export function createRedis(url: string, role: RedisRole, log: Logger, tls?: RedisTls): Redis {
  const address = parseRedisUrl(url);
  if (!address) throw new Error('REDIS_URL is no URL of Redis');
  const redis = connect(address, {
    ...byRole[role],
    retryStrategy: retryDelayMs,
    // While Redis reads its data after a restart: ioredis waits as long as Redis guesses, a second at least.
    maxLoadingRetryTime: maxReconnectDelayMs / 2,
    enableAutoPipelining: false,
    family: anyFamily,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.isTls && { tls: tls ?? {} }),
  });
  reportState(redis, role, log);
  leaveWhoIsSilent(redis, byRole[role].connectTimeout);
  if (role !== 'subscriber') keepScripts(redis, log);
  return redis;
}

/** Of IP: whichever a name has and that answers first. */
const anyFamily = 0;

function connect(address: RedisAddress, options: ConnectionOptions): Redis {
  switch (address.kind) {
    case 'server':
      return new Redis({ ...options, ...address.node, db: address.db });
    case 'sentinel':
      return connectBySentinels(address, options);
    case 'cluster':
      // The types are apart; every command that Sluice sends is one of both.
      return connectToCluster(address, options) as unknown as Redis;
  }
}

/**
 * Who was the master until now may go on answering as a replica: it is left, and what it refused is sent to the new one. ioredis's
 * `failoverDetector` would leave it sooner; it ends for good a connection that is just looking for the new master.
 */
const reconnectAndResend = 2;

function connectBySentinels(
  { sentinels, name, db, sentinelAuth, isTls }: Extract<RedisAddress, { kind: 'sentinel' }>,
  options: ConnectionOptions,
): Redis {
  return new Redis({
    ...options,
    sentinels,
    name,
    db,
    ...(sentinelAuth.username !== undefined && { sentinelUsername: sentinelAuth.username }),
    ...(sentinelAuth.password !== undefined && { sentinelPassword: sentinelAuth.password }),
    ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: options.tls ?? {} }),
    sentinelRetryStrategy: retryDelayMs,
    sentinelMaxConnections: sentinels.length,
    reconnectOnError: ({ message }) => message.startsWith('READONLY') && reconnectAndResend,
  });
}

/** A worker's command waits for a replica to take over; a producer's fails while the request still waits. */
const slotPatienceMs = 60_000;
const slotRetryMs = 100;

function connectToCluster(
  { nodes }: Extract<RedisAddress, { kind: 'cluster' }>,
  { retryStrategy: _ofNodes, ...options }: ConnectionOptions,
): Cluster {
  const isPatient = options.maxRetriesPerRequest === null;
  return new Cluster(nodes, {
    redisOptions: options,
    enableOfflineQueue: options.enableOfflineQueue ?? true,
    // Where a cluster is down the check starts anew, and whoever had asked to connect is never answered: BullMQ's workers would wait
    // for ever. Without it commands find out, and are sent again.
    enableReadyCheck: false,
    clusterRetryStrategy: retryDelayMs,
    retryDelayOnFailover: slotRetryMs,
    retryDelayOnClusterDown: slotRetryMs,
    retryDelayOnTryAgain: slotRetryMs,
    maxRedirections: isPatient ? slotPatienceMs / slotRetryMs : 2,
    // The names in their certificates are those that nodes announce, not addresses.
    ...(options.tls && { dnsLookup: (host, answer) => answer(null, host) }),
  });
}

function retryDelayMs(times: number): number {
  return Math.min(times * 50, maxReconnectDelayMs);
}

function reportState(redis: Redis, role: RedisRole, log: Logger): void {
  let down = false;
  redis.on('error', (error: Error) => {
    if (!down) log.warn({ role, reason: error.message }, 'Redis is not reachable; trying again');
    down = true;
  });
  redis.on('ready', () => {
    if (down) log.info({ role }, 'Redis is back');
    down = false;
  });
}

/**
 * Who takes a connection and then says nothing is as good as not there: a proxy whose Redis is gone, a Redis that is frozen.
 * ioredis waits for it for ever.
 */
function leaveWhoIsSilent(redis: Redis | Cluster, patienceMs: number): void {
  const watch = (node: Redis) =>
    node.on('connect', () => {
      const { stream } = node;
      let heard = 0;
      const timer = setInterval(() => {
        const isGreeting = node.status === 'connect' && node.stream === stream;
        if (isGreeting && stream.bytesRead > heard) return void (heard = stream.bytesRead);
        clearInterval(timer);
        if (isGreeting) node.disconnect(true);
      }, patienceMs).unref();
    });
  if (redis instanceof Cluster) redis.on('+node', watch);
  else watch(redis);
}

/** A Redis that was restarted has forgotten them, and a node that joins a cluster has none. */
function keepScripts(redis: Redis, log: Logger): void {
  const send = (node: Redis) => {
    sendScripts(node).catch((error: unknown) => log.debug({ err: error }, 'scripts not sent'));
  };
  // Nothing else can be sent before: this runs as soon as it is ready.
  redis.on('ready', () => nodesOf(redis, 'all').forEach(send));
  redis.on('+node', send);
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
