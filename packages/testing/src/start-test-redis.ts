import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newSecret, startRedisProcess, type RedisProcess } from '@sluice/runtime';
import { Redis } from 'ioredis';

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
  /** Of the user `sluice` as the files in `deploy/redis` have it: who may do only what Sluice needs. */
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
    aclFile: await writeUsers('users.acl', { dataDir, password }),
    persistence: options.appendOnly ? 'always' : 'none',
    maxMemoryBytes: options.maxMemoryBytes,
  } as const;
  const url = `redis://:${password}@127.0.0.1:${settings.port}`;
  let redis: RedisProcess | undefined = await startRedisProcess(server, settings);
  await allowVectorSets(url, { dataDir, password });
  const goDown = async (how: 'stop' | 'kill') => {
    const running = redis;
    redis = undefined;
    await running?.[how]();
  };
  return {
    url,
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

interface Place {
  dataDir: string;
  password: string;
}

const shipped = new URL('../../../deploy/redis/', import.meta.url);

/** The users that Sluice ships, with a password, and the one of the tests, who may do everything. */
export async function writeUsers(file: string, { dataDir, password }: Place): Promise<string> {
  const text = await readFile(new URL(file, shipped), 'utf8');
  const users = text
    .replace('user default off', `user default on >${password} ~* &* +@all`)
    .replace(/#REPLACE\w+/, `>${password}`);
  const path = join(dataDir, 'users.acl');
  await writeFile(path, users, { mode: 0o600 });
  return path;
}

/** Puts the file in force that a Redis without vector sets does not take. */
async function allowVectorSets(url: string, place: Place): Promise<void> {
  const admin = new Redis(url);
  try {
    // One entry a command, `null` for one that it does not know.
    const [known] = await admin.command('INFO', 'VSIM');
    if (known === null) return;
    await writeUsers('users-with-vector-sets.acl', place);
    await admin.acl('LOAD');
  } finally {
    admin.disconnect();
  }
}
