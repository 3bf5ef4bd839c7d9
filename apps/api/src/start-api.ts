import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Config } from '@sluice/config';
import {
  assertKeepsKeys,
  createRedis,
  describeRedisUrl,
  systemClock,
  warnOfRedis,
  watchConnection,
  whenReady,
  type Logger,
} from '@sluice/runtime';

import { createApp } from './create-app.ts';
import type { ApiDeps } from './deps.ts';
import { wireApi } from './wire-api.ts';

export interface RunningApi {
  /** `http://<host>:<port>`, with the real port where 0 was asked for. */
  url: string;
  /** Takes the limits and the caps of a new configuration; all else waits for the next start. */
  reload(config: Config): void;
  /** Takes no more requests, answers those that wait, and closes every connection. */
  close(): Promise<void>;
}

/** Longest wait for Redis at the start. */
const redisDeadlineMs = 5_000;

/** How long requests in flight may take once the process stops. Waiting clients are answered at once. */
const drainMs = 5_000;

/**
 * A client that sends its headers slower than this holds a socket for nothing; one that is idle keeps it longer
 * than the 60 s after which load balancers give theirs up, so that it is never this side that closes one in use. How long a
 * body may take is for who reads it to say: `read-body.ts` and, of a file, `receive-file.ts`.
 */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 6 * 3_600_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1_000,
};

/**
 * Wires the API and listens.
 * @throws Error whose message says in one line what to do: no admin key, Redis away or set to evict keys, the port taken.
 */
export async function startApi({
  config,
  log,
}: {
  config: Config;
  log: Logger;
}): Promise<RunningApi> {
  const { adminKey } = config;
  if (adminKey === undefined) {
    throw new Error('SLUICE_ADMIN_KEY is not set: set it to a secret of 24 or more characters');
  }
  const redis = createRedis(config.redisUrl, 'producer', log, config.redisTls);
  const stop = new AbortController();
  const subscriber = openSubscriber(config, log, stop.signal);
  const disconnect = () => {
    stop.abort();
    for (const connection of [redis, subscriber]) connection.disconnect();
  };
  try {
    await readyOrSay(redis, config.redisUrl, log);
    const deps = wireApi({ config, adminKey, log, redis, subscriber }, stop.signal);
    await prepareTenants(deps);
    await followBudgets(deps, stop.signal);
    const server = createServer(timeouts, createApp(deps));
    const url = await listen(server, config.server);
    return {
      url,
      reload: (next) => takeLimits(next, deps),
      async close() {
        stop.abort();
        await closeServer(server);
        await deps.lanes.close();
        disconnect();
      },
    };
  } catch (error) {
    disconnect();
    throw error;
  }
}

/** Clients wait for what is told on it: one that has died without a word is replaced. */
function openSubscriber(
  { redisUrl, redisTls }: Config,
  log: Logger,
  signal: AbortSignal,
): ApiDeps['redis'] {
  const subscriber = createRedis(redisUrl, 'subscriber', log, redisTls);
  // Ends with the signal and never rejects.
  void watchConnection(subscriber, { name: 'subscriber', clock: systemClock, log, signal });
  return subscriber;
}

function takeLimits({ lanes, tenants }: Config, { laneBook, records }: ApiDeps): void {
  laneBook.replace(lanes);
  records.replaceCaps(tenants);
}

async function followBudgets({ budgets }: ApiDeps, signal: AbortSignal): Promise<void> {
  await budgets.refresh();
  // Ends with the signal, and handles its own errors: nothing waits for it.
  void budgets.follow(signal);
}

/** Older master keys are of no use any more once an API has started with a new one. */
async function prepareTenants({ tenants, seals, log }: ApiDeps): Promise<void> {
  await tenants.ensureDefault();
  const count = await seals?.rewrapAll();
  if (count) log.info({ count }, 'data keys were wrapped with the current master key');
}

async function readyOrSay(redis: ApiDeps['redis'], url: string, log: Logger): Promise<void> {
  try {
    await whenReady(redis, redisDeadlineMs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Without the password that the URL may carry.
    throw new Error(`${reason} (${describeRedisUrl(url)}): start it, or set REDIS_URL`, {
      cause: error,
    });
  }
  await assertKeepsKeys(redis);
  await warnOfRedis(redis, systemClock, log);
}

async function listen(
  server: Server,
  { host, port, maxConnections }: Config['server'],
): Promise<string> {
  server.maxConnections = maxConnections;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, host, port);
  }
  // A TCP server's address is never a path.
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${shownHost}:${address.port}`;
}

function listenError(error: unknown, host: string, port: number): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const advice: Record<string, string> = {
    EADDRINUSE: 'is taken: stop the process that has it, or set PORT to another one',
    EACCES: 'may not be used by this user: set PORT to one above 1023',
    EADDRNOTAVAIL: 'is not on this machine: set server.host to an address of it',
    ENOTFOUND: 'is not known: set server.host to an address of this machine',
  };
  const known = advice[String(code)] ?? `cannot be listened on: ${String(error)}`;
  return new Error(`${host}:${port} ${known}`, { cause: error });
}

/** A kept connection becomes idle only when its last answer is out, so idle ones are looked for until none is left. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const late = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
