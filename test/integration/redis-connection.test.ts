import { createLogger, createRedis, loadScript, whenReady } from '@sluice/runtime';
import { startTestRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

const log = createLogger({ name: 'test', level: 'silent' });
// The file need not exist: the script is looked for in `../lua` beside it.
const script = loadScript(new URL('../support/scripts/owner.ts', import.meta.url).href, 'append');

async function connect(role: 'producer' | 'worker') {
  const server = await startTestRedis();
  const redis = createRedis(server.url, role, log);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  await whenReady(redis, 5_000);
  return { server, redis };
}

test('what is sent behind the first call of a script is done behind it, also after Redis was restarted', async () => {
  const { server, redis } = await connect('producer');
  const both = async () => {
    await Promise.all([script(redis, ['list'], ['script']), redis.rpush('list', 'command')]);
    return await redis.lrange('list', 0, -1);
  };
  expect(await both()).toEqual(['script', 'command']);
  await server.restart();
  await waitFor(() => redis.status === 'ready');
  expect((await both()).slice(-2)).toEqual(['script', 'command']);
});

test('a producer fails fast while Redis is away and works again when it is back', async () => {
  const { server, redis } = await connect('producer');
  await server.kill();
  await waitFor(() => redis.status !== 'ready');
  const startedAtMs = performance.now();
  await expect(redis.set('a', '1')).rejects.toThrow();
  expect(performance.now() - startedAtMs).toBeLessThan(300);
  await server.restart();
  await waitFor(() => redis.status === 'ready');
  expect(await redis.set('a', '1')).toBe('OK');
});

test('a worker’s command waits for Redis to come back', async () => {
  const { server, redis } = await connect('worker');
  await server.kill();
  const waiting = redis.set('a', '1');
  await server.restart();
  expect(await waiting).toBe('OK');
});

test('whenReady says why Redis does not answer', async () => {
  const redis = createRedis('redis://127.0.0.1:1', 'producer', log);
  onTestFinished(() => redis.disconnect());
  await expect(whenReady(redis, 300)).rejects.toThrow(/did not answer within 300 ms.*ECONNREFUSED/);
});
