import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findFreePort, newSecret, startRedisProcess, type RedisProcess } from '@sluice/runtime';

import { findTestRedis } from './find-test-redis.ts';

/** What kind of Redis a test wants. */
export interface TestRedisServerOptions {
  /** With it, what was acknowledged survives `kill` and `restart`. Off by default. */
  readonly appendOnly?: boolean;
  readonly maxMemoryBytes?: number;
}

/** A Redis that belongs to one test, for tests that hurt it. */
export interface TestRedisServer {
  /** Stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** SIGKILL; resolves when it is gone. It stays down. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, stopping it in order first if it runs. */
  restart(): Promise<void>;
  /** Stops it and deletes its folder. */
  stop(): Promise<void>;
}

/** Starts a private Redis on a random port in a temporary folder. Stop it when the test ends. */
export async function startTestRedis(
  options: TestRedisServerOptions = {},
): Promise<TestRedisServer> {
  const server = await findTestRedis();
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-redis-'));
  const settings = {
    port: await findFreePort(),
    password: newSecret(12),
    dataDir,
    persistence: options.appendOnly ? 'always' : 'none',
    maxMemoryBytes: options.maxMemoryBytes,
  } as const;
  let redis: RedisProcess | undefined = await startRedisProcess(server, settings);
  const goDown = async (how: 'stop' | 'kill') => {
    const running = redis;
    redis = undefined;
    await running?.[how]();
  };
  return {
    url: `redis://:${settings.password}@127.0.0.1:${settings.port}`,
    port: settings.port,
    get pid() {
      return redis?.pid;
    },
    kill: async () => await goDown('kill'),
    restart: async () => {
      await goDown('stop');
      redis = await startRedisProcess(server, settings);
    },
    stop: async () => {
      await goDown('stop');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
