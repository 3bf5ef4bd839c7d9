import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Redis } from 'ioredis';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { createLogger } from '../logger.ts';
import { findRedisServer } from './find-redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { startLocalRedis, type LocalRedis, type LocalRedisOptions } from './start-local-redis.ts';

const log = createLogger({ name: 'test', level: 'silent' });
const toolsDir = fileURLToPath(new URL('../../../../.tools', import.meta.url));
const patience = { timeout: 10_000, interval: 20 };

describe('startLocalRedis', () => {
  let server: RedisServer;
  let dataDir: string;

  beforeAll(async () => {
    server = await findRedisServer({ toolsDir, log });
  }, 120_000);

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sluice-local-redis-'));
    onTestFinished(async () => await rm(dataDir, { recursive: true, force: true }));
  });

  const start = async (options: Partial<LocalRedisOptions> = {}): Promise<LocalRedis> => {
    const redis = await startLocalRedis({ server, dataDir, log, ...options });
    onTestFinished(async () => await redis.stop());
    return redis;
  };
  const connect = (url: string): Redis => {
    const client = new Redis(url, { maxRetriesPerRequest: null });
    client.on('error', () => {}); // It goes away on purpose.
    onTestFinished(() => client.disconnect());
    return client;
  };

  test('answers only to its password', async () => {
    const redis = await start();
    expect(await connect(redis.url).ping()).toBe('PONG');
    const stranger = connect(`redis://127.0.0.1:${redis.port}`);
    await expect(stranger.ping()).rejects.toThrow('NOAUTH');
  });

  test('keeps its password from other users of the machine', async () => {
    await start();
    const { mode } = await stat(join(dataDir, 'redis.conf'));
    expect((mode & 0o777).toString(8)).toBe('600');
  });

  test('comes back after a crash on the same port with the same data', async () => {
    const redis = await start({ persistence: 'always' });
    const client = connect(redis.url);
    await client.set('job', 'kept');
    const { pid, url } = redis;
    process.kill(pid!, 'SIGKILL');
    expect(await client.get('job')).toBe('kept');
    expect(redis.url).toBe(url);
    expect(redis.pid).not.toBe(pid);
  });

  test('a transaction that a crash has torn never comes back, and nothing behind it is lost', async () => {
    const options = { persistence: 'always' } as const;
    const half = "redis.call('SET', 'half', 1) redis.call('SET', 'other', 1)";
    const crash = async (redis: LocalRedis, act: (client: Redis) => Promise<unknown>) => {
      await act(connect(redis.url));
      const { pid } = redis;
      process.kill(pid!, 'SIGKILL');
      await vi.waitFor(() => expect(redis.pid ?? pid).not.toBe(pid), patience);
      await redis.stop();
    };
    await crash(await start(options), (client) => client.eval(half, 0));
    const files = await readdir(join(dataDir, 'appendonlydir'));
    const file = join(
      dataDir,
      'appendonlydir',
      files.find((name) => name.includes('.incr.'))!,
    );
    await truncate(file, (await stat(file)).size - 20);
    await crash(await start(options), (client) => client.set('next', 'kept'));
    const client = connect((await start(options)).url);
    expect(await client.mget('half', 'other', 'next')).toEqual([null, null, 'kept']);
  });

  test('keeps the data over stop and start', async () => {
    const first = await start();
    await connect(first.url).set('job', 'kept');
    await first.stop();
    const second = await start();
    expect(await connect(second.url).get('job')).toBe('kept');
  });

  test('stays down when stopped, also while it is being restarted', async () => {
    const redis = await start();
    const { pid } = redis;
    process.kill(pid!, 'SIGKILL');
    await vi.waitUntil(() => redis.pid === undefined, patience);
    await redis.stop();
    expect(redis.pid).toBeUndefined();
    expect(existsSync(join(dataDir, 'redis.lock'))).toBe(false);
  });

  test('ends even when its folder is gone, where Redis by itself would refuse to', async () => {
    const redis = await start({ dataDir: join(dataDir, 'gone') });
    await connect(redis.url).set('job', 'unsaved');
    const { pid } = redis;
    await rm(join(dataDir, 'gone'), { recursive: true });
    await redis.stop();
    expect(isRunning(pid!)).toBe(false);
  });

  test('refuses a folder that another one uses', async () => {
    await start();
    await expect(startLocalRedis({ server, dataDir, log })).rejects.toThrow(
      new RegExp(`process ${process.pid}\\) uses ${dataDir}.*SLUICE_DATA_DIR`),
    );
  });

  test('takes over a folder whose owner is gone', async () => {
    await writeFile(join(dataDir, 'redis.lock'), JSON.stringify({ pid: 2 ** 22 + 1 }));
    expect((await start()).pid).toBeGreaterThan(0);
  });

  test('takes over a folder whose lock was torn by a crash', async () => {
    await writeFile(join(dataDir, 'redis.lock'), '');
    expect((await start()).pid).toBeGreaterThan(0);
  });

  test('shows the end of its log when it cannot start, and frees the folder', async () => {
    const { port } = await start({ dataDir: join(dataDir, 'other') });
    await expect(startLocalRedis({ server, dataDir, log, port })).rejects.toThrow(
      /ended while starting:[^]*Address already in use/i,
    );
    expect(existsSync(join(dataDir, 'redis.lock'))).toBe(false);
  });

  /** A supervisor in a process of its own, killed as the kernel would. */
  const killedSupervisor = async (): Promise<{ redisPid: number }> => {
    const file = join(dataDir, 'supervisor.ts');
    const source = new URL('start-local-redis.ts', import.meta.url).href;
    const logger = new URL('../logger.ts', import.meta.url).href;
    const options = JSON.stringify({ server, dataDir: join(dataDir, 'redis') });
    await writeFile(
      file,
      `import { startLocalRedis } from '${source}';
       import { createLogger } from '${logger}';
       const log = createLogger({ name: 'test', level: 'silent' });
       const redis = await startLocalRedis({ ...${options}, log });
       process.send({ redisPid: redis.pid });
       process.on('message', () => {});`,
    );
    const supervisor = fork(file, { execArgv: [] });
    onTestFinished(() => void supervisor.kill('SIGKILL'));
    const [message] = (await once(supervisor, 'message')) as [{ redisPid: number }];
    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
    return message;
  };

  test('leaves its folder to the next start after kill -9', async () => {
    const { redisPid } = await killedSupervisor();
    const redis = await start({ dataDir: join(dataDir, 'redis') });
    expect(redis.pid).not.toBe(redisPid);
    expect(isRunning(redisPid)).toBe(false);
  });

  test.runIf(process.platform === 'linux')(
    'dies with its supervisor, even by kill -9',
    async () => {
      const { redisPid } = await killedSupervisor();
      await vi.waitUntil(() => !isRunning(redisPid), patience);
      expect(isRunning(redisPid)).toBe(false);
    },
  );
});

/** A process that ended but whose new parent has not looked yet (a zombie) does not run. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}
