import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { describe, expect, it, onTestFinished } from 'vitest';

import { createLogger } from '@sluice/runtime';
import { findTestPort, startTestRedis, testRedis, waitFor } from '@sluice/testing';

import { startApi } from './start-api.ts';
import { expectError } from './testing/expect-error.ts';
import { chatBody, startTestApi, testConfig } from './testing/start-test-api.ts';

const log = createLogger({ name: 'api', level: 'silent' });

/** A Redis of the test's own, for tests that hurt it. */
async function hurtable(options = {}) {
  const server = await startTestRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

const signal = (pid: number | undefined, name: NodeJS.Signals) => process.kill(pid ?? 0, name);

const tickMs = 10;

/** How long the API and its client, both in this process, took: on a busy machine time passes in which neither of them runs. */
async function timed<Value>(work: Promise<Value>): Promise<{ value: Value; ms: number }> {
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), tickMs);
  try {
    return { value: await work, ms: ticks * tickMs };
  } finally {
    clearInterval(ticking);
  }
}

describe('the API without Redis', () => {
  it('answers 503 at once while Redis is down, says so in /readyz, and goes on when it is back', async () => {
    const redis = await hurtable({ appendOnly: true });
    const api = await startTestApi((config) => ({ ...config, redisUrl: redis.url }));
    await api.accepted(chatBody);
    expect((await api.call('/readyz')).status).toBe(200);
    await redis.kill();

    for (const path of ['/v1/jobs', `/v1/jobs/${api.records.newJobId()}`]) {
      const { value, ms } = await timed(api.call(path));
      await expectError(value, 503, 'unavailable');
      expect(ms).toBeLessThan(300);
    }
    const { value: refused, ms } = await timed(api.submit(chatBody));
    await expectError(refused, 503, 'unavailable');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(ms).toBeLessThan(300);
    expect((await api.call('/readyz')).status).toBe(503);
    expect((await api.call('/healthz')).status).toBe(200);

    await redis.restart();
    await waitFor(async () => (await api.submit(chatBody)).status === 202);
    expect((await api.call('/readyz')).status).toBe(200);
  });

  it('gives up within a moment while Redis is paused, and then refuses at once, whatever is asked', async () => {
    const redis = await hurtable();
    const api = await startTestApi((config) => ({ ...config, redisUrl: redis.url }));
    await api.accepted(chatBody);
    signal(redis.pid, 'SIGSTOP');
    try {
      const { value, ms } = await timed(api.submit(chatBody));
      const error = await expectError(value, 503, 'unavailable');
      expect(error.message).toContain('Idempotency-Key');
      expect(ms).toBeLessThan(1_000);
      const answer = await timed(api.call('/readyz'));
      expect(answer.value.status).toBe(503);
      expect(answer.ms).toBeLessThan(1_500);
      for (const ask of [() => api.submit(chatBody), () => api.call('/v1/jobs?limit=1')]) {
        await waitFor(async () => {
          const refused = await timed(ask());
          return refused.value.status === 503 && refused.ms < 300;
        });
      }
    } finally {
      signal(redis.pid, 'SIGCONT');
    }
    await waitFor(async () => (await api.submit(chatBody)).status === 202);
  });

  it('takes no new work when Redis is nearly full, and still answers', async () => {
    const maxMemoryBytes = 16 * 1024 * 1024;
    const redis = await hurtable({ maxMemoryBytes });
    const api = await startTestApi((config) => ({ ...config, redisUrl: redis.url }));
    const { id } = await api.accepted(chatBody);
    const filler = await testRedis({ url: redis.url });
    for (let chunk = 0; chunk < 25; chunk += 1) {
      await filler.redis.set(`${filler.root}:${chunk}`, Buffer.alloc(500_000));
    }

    await waitFor(async () => (await api.submit(chatBody)).status === 503);
    const refused = await api.submit(chatBody);
    const error = await expectError(refused, 503, 'overloaded');
    expect(error.message).toContain('80 %');
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await api.call(`/v1/jobs/${id}`)).status).toBe(200);
    const ready = await api.call('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('maxmemory');
  });
});

describe('startApi', () => {
  it('says what to do when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { url, root } = await testRedis();
    const config = testConfig({ redisUrl: url, root });
    const starting = startApi({
      config: { ...config, server: { ...config.server, port } },
      log,
    });
    await expect(starting).rejects.toThrow(`127.0.0.1:${port} is taken: stop the process`);
  });

  it('says what to do without an admin key', async () => {
    const config = testConfig({ redisUrl: 'redis://127.0.0.1:1', root: 'x' });
    const starting = startApi({ config: { ...config, adminKey: undefined }, log });
    await expect(starting).rejects.toThrow('SLUICE_ADMIN_KEY is not set');
  });

  it('says what to set where Redis would drop keys, and does not start', async () => {
    const server = await hurtable();
    const { redis, root, url: redisUrl } = await testRedis({ url: server.url });
    const starting = () => startApi({ config: testConfig({ redisUrl, root }), log });
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      await redis.config('SET', 'maxmemory-policy', policy);
      await expect(starting()).rejects.toThrow(
        `Redis has maxmemory-policy ${policy}, which drops jobs when memory is full: set it to noeviction`,
      );
    }
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    const api = await starting();
    await api.close();
  });

  it('keeps no more connections than it may, and serves those that it has', async () => {
    const api = await startTestApi((config) => ({
      ...config,
      server: { ...config.server, maxConnections: 2 },
    }));
    const { port, hostname } = new URL(api.url);
    const open = () => connect(Number(port), hostname);
    const [first, second] = [open(), open()];
    await Promise.all([once(first, 'connect'), once(second, 'connect')]);
    const third = open().resume();
    await once(third, 'close');
    first.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(first, 'data');
    expect(String(answer)).toContain('HTTP/1.1 200');
    second.destroy();
    await waitFor(async () => (await api.call('/healthz').catch(() => undefined))?.status === 200);
    first.destroy();
  });

  it('serves others while hundreds of clients send their headers a byte at a time, and cuts those', async () => {
    const api = await startTestApi();
    const { port, hostname } = new URL(api.url);
    const sockets = Array.from({ length: 400 }, () => connect(Number(port), hostname));
    // A socket that is cut while it sends is what this is about.
    for (const socket of sockets) socket.on('error', () => {}).resume();
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const cut = Promise.all(sockets.map((socket) => once(socket, 'close')));
    const dribble = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('X');
    }, 500);
    onTestFinished(() => clearInterval(dribble));
    for (const socket of sockets) socket.write('POST /v1/jobs HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const { ms: healthyMs } = await timed(api.accepted(chatBody));
    const { ms } = await timed(cut);
    expect(healthyMs).toBeLessThan(ms);
    expect(ms).toBeLessThan(13_000);
  }, 20_000);
});

describe('the process', () => {
  const main = new URL('main.ts', import.meta.url).pathname;

  /** Runs main.ts until it ends by itself. */
  async function run(environment: Record<string, string>) {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], SLUICE_PORT: '0', PORT: '0', ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code: child.exitCode, stderr };
  }

  it.each([
    [
      'Redis is away',
      { REDIS_URL: 'redis://:hunter2@127.0.0.1:1', SLUICE_ADMIN_KEY: 'k'.repeat(24) },
      /^sluice api: Redis .* \(127\.0\.0\.1:1\): start it, or set REDIS_URL$/m,
    ],
    ['a variable is wrong', { SLUICE_ADMIN_KEY: 'short' }, /^sluice api: .*SLUICE_ADMIN_KEY/m],
  ])(
    'ends with 1 and says why when %s',
    async (_what, environment, line) => {
      const { code, stderr } = await run(environment);
      expect(code).toBe(1);
      expect(stderr).toMatch(line);
      expect(stderr).not.toContain('hunter2');
      expect(stderr).not.toContain('    at ');
    },
    20_000,
  );

  it('tells its parent when it is ready, and ends with 0 on SIGTERM', async () => {
    const { url, root } = await testRedis();
    const port = await findTestPort();
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        REDIS_URL: url,
        SLUICE_ROOT: root,
        PORT: String(port),
        SLUICE_ADMIN_KEY: 'k'.repeat(24),
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const [message] = await once(child, 'message');
    expect(message).toEqual({ type: 'ready', url: `http://127.0.0.1:${port}` });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  }, 20_000);
});
