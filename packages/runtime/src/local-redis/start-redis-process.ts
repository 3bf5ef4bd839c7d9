import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../clock.ts';
import { isTorn, mendAppendOnlyFile } from './mend-append-only-file.ts';
import { pingRedis } from './ping-redis.ts';
import { redisConfig, type RedisSettings } from './redis-config.ts';
import { redisCommand, type RedisCommand, type RedisServer } from './redis-server.ts';
import { runProgram } from './run-program.ts';

/** A Redis that runs and answers. */
export interface RedisProcess {
  readonly pid: number;
  /** A crash had torn the end of its append-only file, which was taken off first: see {@link mendAppendOnlyFile}. */
  readonly isMended: boolean;
  /** Resolves with the last lines of its log when the process is gone, for whatever reason. */
  readonly exited: Promise<string>;
  /** SIGTERM: Redis flushes its append-only file, and the promise resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL: as a crash of the machine would. Resolves when it is gone. */
  kill(): Promise<void>;
}

const readyWithinMs = 10_000;
/** Reading a large append-only file takes its time, and is progress. */
const loadedWithinMs = 300_000;
const stoppedWithinMs = 15_000;
const logLinesKept = 15;

/**
 * Starts Redis with a configuration file (0600, it holds the password) in `settings.dataDir` and
 * resolves when it answers PONG. Rejects with the tail of its log when it does not.
 * On Linux it dies with the process that started it, even when that is killed with `kill -9`. It
 * leads a process group of its own, so that Ctrl-C reaches its starter first, which can then close
 * in order.
 */
export async function startRedisProcess(
  server: RedisServer,
  settings: RedisSettings,
): Promise<RedisProcess> {
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const configFile = join(settings.dataDir, 'redis.conf');
  await writeFile(configFile, redisConfig(settings, server), { mode: 0o600 });
  const command = redisCommand(server, { configFile, ...settings });
  try {
    return await startOnce(command, settings, false);
  } catch (error) {
    if (!(error instanceof Error && isTorn(error.message))) throw error;
    await mendAppendOnlyFile(server, settings.dataDir);
    return await startOnce(command, settings, true);
  }
}

async function startOnce(
  command: RedisCommand,
  settings: RedisSettings,
  isMended: boolean,
): Promise<RedisProcess> {
  const child = await spawnRedis(command);
  const exited = watchExit(child);
  const redis: RedisProcess = {
    pid: child.pid ?? 0,
    isMended,
    exited,
    stop: async () => await stopRedis(child, command, exited),
    kill: async () => {
      await killRedis(child, command);
      await exited;
    },
  };
  await untilReady(redis, settings);
  return redis;
}

async function spawnRedis(command: RedisCommand): Promise<ChildProcess> {
  const words = [command.program, ...command.arguments];
  const [program = '', ...rest] = (await canDieWithParent())
    ? ['setpriv', '--pdeathsig', 'SIGTERM', ...words]
    : words;
  return spawn(program, rest, {
    detached: true,
    env: { ...process.env, ...command.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** `setpriv --pdeathsig` is util-linux; busybox and macOS do not have it. */
async function canDieWithParent(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const words = ['--pdeathsig', 'SIGTERM', 'true'];
  return (await runProgram('setpriv', words, { environment: process.env, timeoutMs: 5_000 })).ok;
}

function watchExit(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const keep = (chunk: Buffer) => {
    lines.push(...chunk.toString().split('\n').filter(Boolean));
    lines.splice(0, lines.length - logLinesKept);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  // Where Redis cannot be told to die with its parent, at least an orderly exit takes it along.
  const onExit = () => child.kill('SIGTERM');
  process.once('exit', onExit);
  return new Promise((resolve) => {
    const finish = (reason: string) => {
      process.off('exit', onExit);
      resolve(reason);
    };
    child.on('error', (error) => finish(error.message));
    child.on('close', () => finish(lines.join('\n')));
  });
}

async function untilReady(redis: RedisProcess, settings: RedisSettings): Promise<void> {
  const startedAt = systemClock.now();
  let tail: string | undefined;
  void redis.exited.then((lines) => (tail = lines)); // Only read below; `exited` never rejects.
  let answer = await pingRedis(settings.port, settings.password);
  while (answer !== 'ready') {
    if (tail !== undefined) throw new Error(`Redis ended while starting:\n${tail}`);
    const waitedMs = systemClock.now() - startedAt;
    if (waitedMs > (answer === 'loading' ? loadedWithinMs : readyWithinMs)) {
      await redis.kill();
      throw new Error(`Redis did not answer within ${waitedMs} ms:\n${await redis.exited}`);
    }
    await systemClock.sleep(20);
    answer = await pingRedis(settings.port, settings.password);
  }
}

async function stopRedis(
  child: ChildProcess,
  command: RedisCommand,
  exited: Promise<string>,
): Promise<void> {
  child.kill('SIGTERM');
  const patience = new AbortController();
  const inTime = await Promise.race([
    exited.then(() => true),
    systemClock.sleep(stoppedWithinMs, patience.signal).then(() => false),
  ]);
  patience.abort();
  if (!inTime) await killRedis(child, command);
  await exited;
}

async function killRedis(child: ChildProcess, command: RedisCommand): Promise<void> {
  if (command.containerName !== undefined) {
    // Killing the client of Docker would leave the container running.
    const words = ['kill', command.containerName];
    await runProgram('docker', words, { environment: process.env, timeoutMs: 10_000 });
  }
  child.kill('SIGKILL');
}
