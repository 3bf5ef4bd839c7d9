import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from '../logger.ts';
import type { RedisProgram } from './redis-server.ts';
import { runProgram } from './run-program.ts';

const stepTimeoutMs = 120_000;

/** The Redis that an earlier `unpackDebianRedis` left in `<toolsDir>/redis-apt`, if it still runs. */
export async function debianRedis(
  toolsDir: string,
  environment: NodeJS.ProcessEnv,
): Promise<RedisProgram | undefined> {
  const root = join(toolsDir, 'redis-apt');
  const program = join(root, 'usr/bin/redis-server');
  if (!existsSync(program)) return undefined;
  const libraries = globSync('usr/lib/*-linux-*', { cwd: root }).map((path) => join(root, path));
  const own = { LD_LIBRARY_PATH: libraries.join(':') };
  const { output } = await runProgram(program, ['--version'], {
    environment: { ...environment, ...own },
    timeoutMs: 5_000,
  });
  const version = /\bv=(\d+\.\d+\.\d+)/.exec(output)?.[1];
  return version ? { kind: 'program', program, version, environment: own } : undefined;
}

/**
 * Downloads the Debian (or Ubuntu) packages of Redis and unpacks them into `<toolsDir>/redis-apt`.
 * It needs no root rights, changes nothing on the system and starts no service. Undefined where
 * there is no apt, or no way to the packages; the reason goes to the log.
 */
export async function unpackDebianRedis(
  toolsDir: string,
  environment: NodeJS.ProcessEnv,
  log: Logger,
): Promise<RedisProgram | undefined> {
  const hasApt = await runProgram('apt-get', ['--version'], { environment, timeoutMs: 5_000 });
  if (!hasApt.ok) return undefined;
  log.info({ toolsDir }, 'getting Redis from the Debian packages (once, about 3 MB)');
  await mkdir(toolsDir, { recursive: true });
  const temporary = await mkdtemp(join(toolsDir, 'redis-apt-new-'));
  try {
    const problem = await unpackInto(temporary, environment);
    if (problem !== undefined) {
      log.warn({ reason: lastLine(problem) }, 'the Debian packages of Redis could not be used');
      return undefined;
    }
    await moveInPlace(join(temporary, 'root'), join(toolsDir, 'redis-apt'));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return await debianRedis(toolsDir, environment);
}

/** Runs apt-get on a state folder of its own. Returns what went wrong, or undefined. */
async function unpackInto(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const packages = join(folder, 'packages');
  for (const each of ['lists/partial', 'archives/partial', 'packages', 'root']) {
    await mkdir(join(folder, each), { recursive: true });
  }
  const run = async (program: string, ...words: string[]) =>
    await runProgram(program, words, { environment, timeoutMs: stepTimeoutMs, cwd: packages });
  const options = aptOptions(folder);
  const updated = await run('apt-get', ...options, 'update');
  if (!updated.ok) return updated.output;
  const simulate = ['install', '--print-uris', '-y', '--no-install-recommends', 'redis-server'];
  const names = packageNames((await run('apt-get', ...options, ...simulate)).output);
  const downloaded = await run('apt-get', ...options, 'download', ...names);
  if (!downloaded.ok) return downloaded.output;
  for (const file of globSync('*.deb', { cwd: packages })) {
    const unpacked = await run('dpkg-deb', '-x', file, join(folder, 'root'));
    if (!unpacked.ok) return unpacked.output;
  }
  return undefined;
}

/** The system's own package list is only read, so that libraries it already has are left out. */
function aptOptions(folder: string): string[] {
  const settings = [
    `Dir::State=${folder}`,
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${join(folder, 'archives')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
  ];
  return ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
}

/** Reads lines like `'<address>' redis-server_5%3a7.0.15-1_amd64.deb 0 SHA256:…`. */
function packageNames(printedUris: string): string[] {
  const missing = [...printedUris.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map((match) => match[1] ?? '');
  // These two are named in any case: they are not in the list where they are installed but not on PATH.
  return [...new Set([...missing, 'redis-server', 'redis-tools'])];
}

/** Two starts at once may both have unpacked it: the second one keeps what the first one made. */
async function moveInPlace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
