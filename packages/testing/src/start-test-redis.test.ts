import { existsSync } from 'node:fs';

import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';

import { startTestRedis, type TestRedisServerOptions } from './start-test-redis.ts';

async function startWithClient(options: TestRedisServerOptions) {
  const server = await startTestRedis(options);
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // Being down is what these tests are about.
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  return { server, redis };
}

describe('startTestRedis', () => {
  test('keeps what it acknowledged over a kill, when asked to', async () => {
    const { server, redis } = await startWithClient({ appendOnly: true });
    await redis.set('job', 'kept');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(await redis.get('job')).toBe('kept');
  });

  test('forgets all over a kill by default', async () => {
    const { server, redis } = await startWithClient({});
    await redis.set('job', 'lost');
    await server.kill();
    await server.restart();
    expect(await redis.get('job')).toBeNull();
  });

  test('never evicts, and keeps to its memory', async () => {
    const { redis } = await startWithClient({ maxMemoryBytes: 3_000_000 });
    expect(await redis.config('GET', 'maxmemory*')).toEqual(
      expect.arrayContaining(['noeviction', '3000000']),
    );
  });

  test('leaves nothing when stopped', async () => {
    const { server, redis } = await startWithClient({});
    const [, folder = ''] = await redis.config('GET', 'dir');
    expect(existsSync(folder)).toBe(true);
    redis.disconnect();
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });
});
