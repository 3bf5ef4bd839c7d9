import { once } from 'node:events';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { createLogger, createRedis, loadScript, warnOfRedis, whenReady } from '@sluice/runtime';
import { createFakeClock, selfSigned, startTestRedis, testRedis, waitFor } from '@sluice/testing';
import { expect, onTestFinished, test } from 'vitest';

import { startTcpProxy } from '../support/tcp-proxy.ts';

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

test('a connection that was taken and never answered is replaced', async () => {
  const server = await startTestRedis();
  const proxy = await startTcpProxy(server.port);
  proxy.freeze();
  const url = server.url.replace(String(server.port), String(proxy.port));
  const redis = createRedis(url, 'producer', log);
  onTestFinished(async () => {
    redis.disconnect();
    await proxy.close();
    await server.stop();
  });
  await waitFor(() => redis.status === 'connect');
  // From now on there is an answer to who asks anew.
  proxy.resume();
  proxy.strand();
  await whenReady(redis, 5_000);
  expect(await redis.set('a', '1')).toBe('OK');
});

test('whenReady says why Redis does not answer', async () => {
  const redis = createRedis('redis://127.0.0.1:1', 'producer', log);
  onTestFinished(() => redis.disconnect());
  await expect(whenReady(redis, 300)).rejects.toThrow(/did not answer within 300 ms.*ECONNREFUSED/);
});

/** A Redis behind TLS, with a certificate for `localhost` that nobody vouches for. */
async function startRedisTls() {
  const server = await startTestRedis();
  const { key, cert } = selfSigned('localhost');
  const tls = createServer({ key, cert }, (socket) => {
    const redis = connectTcp(server.port, '127.0.0.1');
    socket.pipe(redis).pipe(socket);
    for (const end of [socket, redis])
      end.on('error', () => [socket, redis].map((one) => one.destroy()));
  });
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  onTestFinished(async () => {
    tls.close();
    await server.stop();
  });
  // A TCP server's address is never a path.
  const { port } = tls.address() as AddressInfo;
  const url = server.userUrl.replace('redis:', 'rediss:').replace(/127.*/, `localhost:${port}`);
  return { url, cert };
}

test('Redis is reached over TLS by an ACL user where its certificate is vouched for, and only there', async () => {
  const { url, cert } = await startRedisTls();
  const trusting = createRedis(url, 'producer', log, { ca: cert });
  onTestFinished(() => trusting.disconnect());
  await whenReady(trusting, 5_000);
  expect(await trusting.set('sluice:a', '1')).toBe('OK');
  await expect(trusting.keys('*')).rejects.toThrow(/NOPERM/);
  const doubting = createRedis(url, 'producer', log);
  onTestFinished(() => doubting.disconnect());
  await expect(whenReady(doubting, 1_000)).rejects.toThrow(/self.signed/);
});

test.each([
  [-600_000, true],
  [0, false],
  [600_000, true],
])('a clock that is %i ms off is told in the log: %s', async (offMs, told) => {
  const { redis } = await testRedis();
  const lines: string[] = [];
  const noting = createLogger({ name: 'test', level: 'silent' });
  noting.warn = (_fields: unknown, text?: string) => void lines.push(text ?? '');
  await warnOfRedis(redis, createFakeClock(Date.now() + offMs), noting);
  expect(lines.some((line) => line.includes('clocks'))).toBe(told);
});
