import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  createLogger,
  createRedis,
  findFreePort,
  findRedisServer,
  newSecret,
  startRedisProcess,
  whenReady,
  type Redis,
  type RedisServer,
} from '@sluice/runtime';
import { stringify } from 'yaml';

import { startChild, type Child } from '../support/child-process.ts';
import { SimulatorControl } from '../support/simulator-control.ts';
import { concurrency, lane } from './settings.ts';

/** A private Redis as in production, a simulator, and whatever processes a bench starts. All end with `await using`. */
export interface BenchStack extends AsyncDisposable {
  redisUrl: string;
  redisPid: number;
  /** A connection of the bench's own. */
  redis: Redis;
  simulator: SimulatorControl;
  /** `Authorization` of every request to Sluice. */
  headers: { authorization: string };
  startApi(): Promise<Child & { url: string }>;
  startWorker(): Promise<Child>;
  /** A program of this folder; it finds Redis in REDIS_URL and the simulator in UPSTREAM_URL. */
  startBare(file: string, environment?: Record<string, string>): Promise<Child & { url: string }>;
}

interface StackOptions {
  profileDir?: string | undefined;
  /** Limits of the lane; by default too high to ever say no. */
  limits?: Record<string, unknown>;
  /** What is handed out instead of a new one. */
  stack?: BenchStack | undefined;
}

const log = createLogger({ name: 'bench', level: 'warn' });
const toolsDir = fileURLToPath(new URL('../../.tools', import.meta.url));
const adminKey = 'bench-admin-key-of-more-than-24-characters';

/** @throws Whatever kept one of the processes from starting; those that had started are ended. */
export async function startBenchStack(options: StackOptions = {}): Promise<BenchStack> {
  if (options.stack) return options.stack;
  const resources = new AsyncDisposableStack();
  try {
    return await startAll(resources, options);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

async function startAll(
  resources: AsyncDisposableStack,
  { profileDir, limits = highLimits }: StackOptions,
): Promise<BenchStack> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const { url: redisUrl, pid: redisPid, redis } = await startRedis(folder, resources);
  const start = async (file: string, environment: Record<string, string>) => {
    const child = await startChild({
      file,
      environment: { ...environment, ...profiling(profileDir) },
    });
    resources.defer(() => endChild(child));
    return child;
  };
  const simulator = await start('apps/simulator/src/main.ts', { SLUICE_SIMULATOR_PORT: '0' });
  const configFile = join(folder, 'sluice.config.yaml');
  await writeFile(configFile, stringify(configOf(simulator.url, limits)));
  const bare = { REDIS_URL: redisUrl, UPSTREAM_URL: `${simulator.url}/openai/v1` };
  const sluice = {
    REDIS_URL: redisUrl,
    SLUICE_CONFIG: configFile,
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_DATA_DIR: folder,
    SLUICE_HOST: '127.0.0.1',
    PORT: '0',
  };
  return {
    redisUrl,
    redisPid,
    redis,
    simulator: new SimulatorControl(simulator.url),
    headers: { authorization: `Bearer ${adminKey}` },
    startApi: () => start('apps/api/src/main.ts', sluice),
    startWorker: () => start('apps/worker/src/main.ts', sluice),
    startBare: (file, environment) => start(`test/bench/${file}`, { ...bare, ...environment }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * The stack for benches that measure nothing: API and worker are started once, the simulator is as new for each bench, and
 * nothing ends with a bench but what it started for itself.
 */
export function lendBenchStack(stack: BenchStack): BenchStack {
  const once = <Started>(start: () => Promise<Started>) => {
    let started: Promise<Started> | undefined;
    return async () => await (started ??= start());
  };
  return {
    ...stack,
    startApi: once(stack.startApi),
    startWorker: once(stack.startWorker),
    [Symbol.asyncDispose]: async () => await stack.simulator.reset(),
  };
}

/** The Redis of this machine, found and fetched as the product does it. */
export async function findBenchRedis(): Promise<RedisServer> {
  return await findRedisServer({ toolsDir, log });
}

/** AOF with a sync a second is what the local Redis and docker-compose.yml have too. */
async function startRedis(folder: string, resources: AsyncDisposableStack) {
  const port = await findFreePort();
  const password = newSecret(12);
  const server = await findBenchRedis();
  const dataDir = join(folder, 'redis');
  const running = await startRedisProcess(server, {
    port,
    password,
    dataDir,
    persistence: 'everysec',
  });
  resources.defer(() => running.stop());
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const redis = createRedis(url, 'worker', log);
  resources.defer(() => redis.disconnect());
  await whenReady(redis, 10_000);
  // Rewriting the file would fall into one round and not into the other.
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  return { url, pid: running.pid, redis };
}

/** There to be asked for, as in production, and too high to ever say no. */
const highLimits = {
  requestsPerMinute: 100_000_000,
  tokensPerMinute: 100_000_000_000,
  pacing: 'burst',
};

function configOf(simulatorUrl: string, limits: Record<string, unknown>): Record<string, unknown> {
  return {
    providers: {
      [lane]: {
        kind: 'openai-compatible',
        baseUrl: `${simulatorUrl}/openai/v1`,
        apiKey: 'sim-key',
        limits,
      },
    },
    models: {
      chat: { targets: [{ provider: lane, model: 'sim-chat' }] },
      cached: { targets: [{ provider: lane, model: 'sim-chat' }], cache: { ttlSeconds: 3_600 } },
    },
    worker: { concurrency },
    allowPrivateHosts: ['127.0.0.1'],
  };
}

/** Node writes the profile when a process ends. */
function profiling(profileDir: string | undefined): Record<string, string> {
  return profileDir === undefined
    ? {}
    : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
}

async function endChild(child: Child): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await child.exited;
  clearTimeout(timer);
}
