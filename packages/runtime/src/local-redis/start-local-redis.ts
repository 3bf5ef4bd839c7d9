import { resolve } from 'node:path';

import { systemClock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { newSecret } from '../random.ts';
import { findFreePort } from './free-port.ts';
import { lockDataFolder, type DataFolderLock } from './lock-data-folder.ts';
import type { Persistence, RedisSettings } from './redis-config.ts';
import type { RedisServer } from './redis-server.ts';
import { startRedisProcess, type RedisProcess } from './start-redis-process.ts';

/** A supervised Redis of this process's own. */
export interface LocalRedis {
  /** `redis://:<password>@127.0.0.1:<port>`; stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** The running process; undefined while it is being restarted. */
  readonly pid: number | undefined;
  /** Stops Redis with SIGTERM and waits until it has saved and is gone. Close the clients first. */
  stop(): Promise<void>;
}

/** What `startLocalRedis` needs. */
export interface LocalRedisOptions {
  readonly server: RedisServer;
  /** Belongs to this Redis alone; made when needed, locked while it runs. */
  readonly dataDir: string;
  /** A free one by default. */
  readonly port?: number | undefined;
  /** `everysec` by default. */
  readonly persistence?: Persistence | undefined;
  readonly maxMemoryBytes?: number | undefined;
  readonly log: Logger;
}

const firstRestartDelayMs = 300;
const longestRestartDelayMs = 5_000;
/** A Redis that lived this long did not crash because of how it starts. */
const stableAfterMs = 10_000;
const portTries = 5;
const mended =
  'Redis had been killed while it wrote; what it had not acknowledged was taken off its append-only file';

/**
 * Starts a Redis on 127.0.0.1 with a new password and keeps it alive: after a crash it comes back on the same
 * port with the same data, after 300 ms at first, at most every 5 s. Rejects when the first start fails.
 */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const dataDir = resolve(options.dataDir);
  const lock = await lockDataFolder(dataDir);
  try {
    const settings: Omit<RedisSettings, 'port'> = {
      password: newSecret(24),
      dataDir,
      persistence: options.persistence ?? 'everysec',
      maxMemoryBytes: options.maxMemoryBytes,
    };
    const { redis, port } = await startOnPort(options, settings);
    if (redis.isMended) options.log.warn(mended);
    await lock.noteRedis(redis.pid);
    return new RedisSupervisor({ ...options, settings: { ...settings, port }, lock }, redis);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Starts on the wanted port, or on free ones until nobody else takes it in between. */
async function startOnPort(
  { server, port: wanted }: LocalRedisOptions,
  settings: Omit<RedisSettings, 'port'>,
): Promise<{ redis: RedisProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await findFreePort());
    try {
      return { redis: await startRedisProcess(server, { ...settings, port }), port };
    } catch (error) {
      const isTaken = error instanceof Error && /address already in use/i.test(error.message);
      if (!isTaken || wanted !== undefined || attempt === portTries) throw error;
    }
  }
}

interface SupervisorDeps {
  readonly server: RedisServer;
  readonly settings: RedisSettings;
  readonly lock: DataFolderLock;
  readonly log: Logger;
}

/**
 * running -> (process gone) -> waiting -> (back-off over) -> starting -> running, or waiting again
 * any     -> (stop) -> stopped
 */
class RedisSupervisor implements LocalRedis {
  readonly #deps: SupervisorDeps;
  readonly #stopping = new AbortController();
  #redis: RedisProcess | undefined;
  #delayMs = firstRestartDelayMs;
  #watching: Promise<void>;

  constructor(deps: SupervisorDeps, redis: RedisProcess) {
    this.#deps = deps;
    this.#redis = redis;
    this.#watching = this.#watch(redis);
  }

  get url(): string {
    const { password, port } = this.#deps.settings;
    return `redis://:${password}@127.0.0.1:${port}`;
  }

  get port(): number {
    return this.#deps.settings.port;
  }

  get pid(): number | undefined {
    return this.#redis?.pid;
  }

  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort();
      await this.#redis?.stop();
    }
    await this.#watching;
    await this.#deps.lock.release();
  }

  /** Ends when `stop` has been called and no Redis is left. */
  async #watch(first: RedisProcess): Promise<void> {
    let redis: RedisProcess | undefined = first;
    while (redis) {
      const startedAt = systemClock.now();
      const tail = await redis.exited;
      this.#redis = undefined;
      if (this.#stopping.signal.aborted) return;
      if (systemClock.now() - startedAt > stableAfterMs) this.#delayMs = firstRestartDelayMs;
      this.#deps.log.error({ tail }, 'Redis is gone; starting it again');
      redis = await this.#startAgain();
    }
  }

  /** Undefined when told to stop meanwhile. */
  async #startAgain(): Promise<RedisProcess | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await systemClock.sleep(this.#delayMs, signal);
      this.#delayMs = Math.min(this.#delayMs * 2, longestRestartDelayMs);
      const redis = signal.aborted ? undefined : await this.#tryStart();
      if (redis && signal.aborted) await redis.stop();
      else if (redis) return redis;
    }
    return undefined;
  }

  async #tryStart(): Promise<RedisProcess | undefined> {
    const { server, settings, lock, log } = this.#deps;
    try {
      this.#redis = await startRedisProcess(server, settings);
      await lock.noteRedis(this.#redis.pid);
      log.info({ port: settings.port, pid: this.#redis.pid }, 'Redis runs again');
      if (this.#redis.isMended) log.warn(mended);
      return this.#redis;
    } catch (error) {
      log.error({ err: error }, 'Redis did not start; trying again');
      return undefined;
    }
  }
}
