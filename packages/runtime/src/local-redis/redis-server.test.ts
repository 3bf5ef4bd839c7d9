import { describe, expect, test } from 'vitest';

import { redisConfig } from './redis-config.ts';
import { redisCommand } from './redis-server.ts';

describe('redisCommand', () => {
  const run = { configFile: '/data/redis.conf', dataDir: '/data', port: 7001 };

  test('gives a program its configuration file', () => {
    const server = {
      kind: 'program',
      program: '/bin/redis-server',
      version: '7.0.15',
      environment: { LD_LIBRARY_PATH: '/lib' },
    } as const;
    expect(redisCommand(server, run)).toEqual({
      program: '/bin/redis-server',
      arguments: ['/data/redis.conf'],
      environment: { LD_LIBRARY_PATH: '/lib' },
    });
  });

  // Only the words are checked: no Docker daemon was at hand to run them.
  test('publishes a container on 127.0.0.1 only, and gives it its folder and nothing else', () => {
    const command = redisCommand({ kind: 'docker', image: 'redis:7' }, run);
    const line = command.arguments.join(' ');
    expect(command.program).toBe('docker');
    expect(line).toContain(`--name ${command.containerName}`);
    expect(line).toContain('--publish 127.0.0.1:7001:7001 --volume /data:/data --user ');
    expect(line).toMatch(/redis:7 redis-server \/data\/redis\.conf$/);
  });
});

describe('redisConfig', () => {
  const settings = {
    port: 7001,
    password: 'pw',
    dataDir: '/data',
    persistence: 'everysec',
  } as const;
  const program = (version: string) =>
    ({ kind: 'program', program: '/bin/redis-server', version, environment: {} }) as const;
  const server = program('7.0.15');

  test.each([
    ['none', ['appendonly no', 'save ""']],
    ['everysec', ['appendonly yes', 'appendfsync everysec', 'save 3600 1']],
    ['always', ['appendonly yes', 'appendfsync always', 'save 3600 1']],
  ] as const)('writes to disk as %s says', (persistence, lines) => {
    const config = redisConfig({ ...settings, persistence }, server).split('\n');
    expect(config).toEqual(expect.arrayContaining([...lines]));
  });

  test('never evicts and asks for the password', () => {
    const config = redisConfig(settings, server);
    expect(config).toContain('maxmemory-policy noeviction\n');
    expect(config).toContain('requirepass "pw"\n');
    expect(config).toContain('bind 127.0.0.1\n');
  });

  test('quotes what a folder name may hold', () => {
    const config = redisConfig({ ...settings, dataDir: '/my "data"' }, server);
    expect(config).toContain(String.raw`dir "/my \"data\""`);
  });

  test.each([
    ['6.2.14', false],
    ['7.0.15', true],
    ['8.1.1', true],
  ])('tells a Redis %s to end at once on SIGTERM: %s', (version, expected) => {
    const config = redisConfig(settings, program(version));
    expect(config.includes('shutdown-on-sigterm nosave force\n')).toBe(expected);
  });

  test('listens to its port publisher inside a container', () => {
    expect(redisConfig(settings, { kind: 'docker', image: 'redis:7' })).toContain('bind *\n');
  });
});
