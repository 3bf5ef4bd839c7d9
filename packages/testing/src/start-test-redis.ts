import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newSecret, startRedisProcess, type RedisProcess } from '@sluice/runtime';

import { findTestPort } from './find-test-port.ts';
import { findTestRedis } from './find-test-redis.ts';

/** What kind of Redis a test wants. */
export interface TestRedisServerOptions {
  /** With it, what was acknowledged survives `kill` and `restart`. Off by default. */
  readonly appendOnly?: boolean;
  readonly maxMemoryBytes?: number;
}

/** A Redis that belongs to one test, for tests that hurt it. */
export interface TestRedisServer {
  /** Of a user who may do everything. Stays the same over restarts. */
  readonly url: string;
  /** Of the user `sluice` as `deploy/redis/users.acl` has it: who may do only what Sluice needs. */
  readonly userUrl: string;
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
  const password = newSecret(12);
  const settings = {
    port: await findTestPort(),
    password,
    dataDir,
    aclFile: await writeUsers(dataDir, password),
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
    url: `redis://:${password}@127.0.0.1:${settings.port}`,
    userUrl: `redis://sluice:${password}@127.0.0.1:${settings.port}`,
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

const shippedUsers = new URL('../../../deploy/redis/users.acl', import.meta.url);

/** The users that Sluice ships, with a password, and the one of the tests, who may do everything. */
async function writeUsers(dataDir: string, password: string): Promise<string> {
  const shipped = await readFile(shippedUsers, 'utf8');
  const users = shipped
    .replace('user default off', `user default on >${password} ~* &* +@all`)
    .replace(/#REPLACE\w+/, `>${password}`);
  const file = join(dataDir, 'users.acl');
  await writeFile(file, users, { mode: 0o600 });
  return file;
}
