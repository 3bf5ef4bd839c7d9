import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import type { Logger } from '../logger.ts';
import type { RedisImage, RedisProgram, RedisServer } from './redis-server.ts';
import { runProgram } from './run-program.ts';
import { debianRedis, unpackDebianRedis } from './unpack-debian-redis.ts';

/** Where to look for a Redis. */
export interface FindOptions {
  /** Folder for a Redis fetched by Sluice; made when needed. */
  readonly toolsDir: string;
  readonly log: Logger;
  /** The process's own environment by default. `PATH` decides what is found. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The last release under the BSD licence; see also docker-compose.yml. */
const image = 'redis:7.2.14-alpine';

/** BullMQ warns below it, and its Lua scripts need what came with it. */
const oldestVersion = [6, 2] as const;

const programNames = ['redis-server', 'valkey-server'];

/**
 * Finds a Redis that can be started here: a program on PATH, the one fetched earlier, Docker, or
 * Debian packages unpacked without root rights (3 s, once). Rejects with what the user can do when
 * there is none.
 */
export async function findRedisServer(options: FindOptions): Promise<RedisServer> {
  const environment = options.environment ?? process.env;
  const found =
    (await findOnPath(environment)) ??
    (await debianRedis(options.toolsDir, environment)) ??
    (await findDocker(environment, options.log)) ??
    (await unpackDebianRedis(options.toolsDir, environment, options.log));
  if (found) return found;
  throw new Error(
    'No Redis found. Set REDIS_URL to a Redis 6.2 or newer, or install one ' +
      '(Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or start Docker.',
  );
}

async function findOnPath(environment: NodeJS.ProcessEnv): Promise<RedisProgram | undefined> {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of programNames) {
    for (const folder of folders) {
      const found = await asRedisProgram(join(folder, name), environment);
      if (found) return found;
    }
  }
  return undefined;
}

/** The file as a Redis program, if it can be executed and is new enough. */
async function asRedisProgram(
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<RedisProgram | undefined> {
  if (!(await isExecutable(file))) return undefined;
  const { ok, output } = await runProgram(file, ['--version'], { environment, timeoutMs: 5_000 });
  const version = /\bv=(\d+)\.(\d+)\.(\d+)/.exec(output);
  if (!ok || !version) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isNewEnough =
    major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
  if (!isNewEnough) return undefined;
  return { kind: 'program', program: file, version: version[0].slice(2), environment: {} };
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Docker counts only with a daemon that answers and has the image or can get it. */
async function findDocker(
  environment: NodeJS.ProcessEnv,
  log: Logger,
): Promise<RedisImage | undefined> {
  const docker = async (timeoutMs: number, ...words: string[]) =>
    (await runProgram('docker', words, { environment, timeoutMs })).ok;
  if (!(await docker(5_000, 'info'))) return undefined;
  if (await docker(10_000, 'image', 'inspect', image)) return { kind: 'docker', image };
  log.info({ image }, 'getting the Redis image (once)');
  return (await docker(180_000, 'pull', image)) ? { kind: 'docker', image } : undefined;
}
