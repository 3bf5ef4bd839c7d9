import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  findTestPort,
  startReceiver,
  startTestRedis,
  type Receiver,
  type TestRedisServer,
} from '@sluice/testing';
import { stringify } from 'yaml';

import { startChild, type Child } from '../support/child-process.ts';
import { SimulatorControl } from '../support/simulator-control.ts';
import { adminKey, defaultConfig } from '../support/start-stack.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** Every process of a Sluice of several workers and API processes; Redis is reached through a proxy. */
export interface ChaosFleet {
  readonly apiUrls: readonly string[];
  readonly redis: TestRedisServer;
  readonly proxy: TcpProxy;
  readonly simulator: SimulatorControl;
  readonly receiver: Receiver;
  /** `kill -9` of one, and another in its place; resolves when that is ready. */
  replace(role: 'worker' | 'api', victim: number): Promise<void>;
  /** Ends one in order, as a deployment does, and starts another in its place. Resolves with the exit code of the old one. */
  restart(role: 'worker' | 'api', victim: number): Promise<number | null>;
  /** Ends everything that was started. */
  stop(): Promise<void>;
}

export interface FleetOptions {
  workers: number;
  apis: number;
  /** Instead of the default configuration of the tests. */
  config?: (addresses: { simulatorUrl: string }) => Record<string, unknown>;
}

/** A machine that is busy with killing and starting starts slowly. */
const readyWithinMs = 180_000;

const startTries = 10;

const files = { worker: 'apps/worker/src/main.ts', api: 'apps/api/src/main.ts' } as const;

/** Starts the fleet. What has started is ended when something does not. */
export async function startFleet(options: FleetOptions): Promise<ChaosFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-'));
  const redis = await startTestRedis({ appendOnly: true });
  const proxy = await startTcpProxy(redis.port);
  const receiver = await startReceiver();
  const children = new Set<Child>();
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([...children].map((child) => child.exited));
    await receiver.close();
    await proxy.close();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const environment = await writeEnvironment(folder, proxiedUrl(redis, proxy), options);
    const start = async (file: string, more: Record<string, string> = {}) => {
      const child = await startChild({
        file,
        environment: { ...environment, ...more },
        readyWithinMs,
      });
      children.add(child);
      void child.exited.then(() => children.delete(child));
      return child;
    };
    await start('apps/simulator/src/main.ts');
    const ports = await Promise.all(Array.from({ length: options.apis }, findTestPort));
    const fleet = await startRoles(start, ports, options);
    const simulator = new SimulatorControl(`http://127.0.0.1:${environment.SLUICE_SIMULATOR_PORT}`);
    const apiUrls = ports.map((port) => `http://127.0.0.1:${port}`);
    return { apiUrls, redis, proxy, simulator, receiver, ...fleet, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Start = (file: string, environment?: Record<string, string>) => Promise<Child>;

async function startRoles(
  start: Start,
  ports: readonly number[],
  { workers }: FleetOptions,
): Promise<Pick<ChaosFleet, 'replace' | 'restart'>> {
  const starters = {
    worker: Array.from({ length: workers }, () => () => start(files.worker)),
    api: ports.map((port) => () => start(files.api, { PORT: String(port) })),
  };
  const running = {
    worker: await Promise.all(starters.worker.map((launch) => launch())),
    api: await Promise.all(starters.api.map((launch) => launch())),
  };
  const exchange = async (role: 'worker' | 'api', victim: number, signal: NodeJS.Signals) => {
    const launch = starters[role][victim];
    const old = running[role][victim];
    if (!launch || !old) throw new Error(`there is no ${role} ${victim}`);
    old.kill(signal);
    const code = await old.exited;
    running[role][victim] = await keepStarting(launch);
    return code;
  };
  return {
    replace: async (role, victim) => void (await exchange(role, victim, 'SIGKILL')),
    restart: (role, victim) => exchange(role, victim, 'SIGTERM'),
  };
}

/** As a supervisor does: a process that starts while Redis is away ends, and is started again. */
async function keepStarting(launch: () => Promise<Child>): Promise<Child> {
  for (let left = startTries; ; left -= 1) {
    try {
      return await launch();
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

function proxiedUrl(redis: TestRedisServer, proxy: TcpProxy): string {
  const url = new URL(redis.url);
  url.port = String(proxy.port);
  return url.href;
}

async function writeEnvironment(
  folder: string,
  redisUrl: string,
  { config = defaultConfig }: FleetOptions,
) {
  const simulatorPort = String(await findTestPort());
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const configFile = join(folder, 'sluice.config.yaml');
  await writeFile(configFile, stringify(config({ simulatorUrl })));
  return {
    SLUICE_CONFIG: configFile,
    SLUICE_SIMULATOR_PORT: simulatorPort,
    REDIS_URL: redisUrl,
    SLUICE_ADMIN_KEY: adminKey,
    SLUICE_DATA_DIR: folder,
    SLUICE_ALLOW_PRIVATE_HOSTS: '127.0.0.1',
    SLUICE_HOST: '127.0.0.1',
    SLUICE_LOG_LEVEL: 'error',
  };
}
