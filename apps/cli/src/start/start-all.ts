import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findConfigFile, loadConfig, type Config } from '@sluice/config';
import {
  closeOnSignal,
  createLogger,
  findRedisServer,
  lockDataFolder,
  readEnvironment,
  startLocalRedis,
  type Logger,
} from '@sluice/runtime';

import { readAdminKey } from './admin-key.ts';
import { checkPort } from './check-port.ts';
import { prepareDataFolder } from './data-folder.ts';
import { runDemo } from './run-demo.ts';
import { ServiceProcess, type ServiceOptions } from './service-process.ts';
import type { SpawnedService } from './spawn-service.ts';
import { welcome } from './welcome.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Something that runs and can be stopped; stopped in the reverse order of starting. */
interface Part {
  stop(): Promise<void>;
}

/** How long everything together may take to stop, beyond the grace of the worker's calls. */
const stopWithinMs = 10_000;

/** The same of one process, after which it is killed. */
const serviceStopMs = 5_000;

/**
 * `sluice start`: Redis (unless REDIS_URL names one), simulator, API and worker as supervised processes, then one job of
 * each type. `spawned` are the processes of the services, which load meanwhile. Resolves when all that is printed; the process
 * lives until a signal. Rejects with one line that says what to do, after stopping what it had started.
 */
export async function startAll(
  spawned: readonly SpawnedService[],
  options: { demo: boolean },
): Promise<void> {
  const parts: Part[] = [{ stop: () => endAll(spawned) }];
  const stop = async () => {
    for (const part of parts.toReversed()) await part.stop();
  };
  try {
    const given = readEnvironment();
    const log = createLogger({ name: 'start', level: given['SLUICE_LOG_LEVEL'] ?? 'warn' });
    const environment = withLocalDefaults(
      given,
      findConfigFile({ env: given, cwd: process.cwd() }) !== undefined,
    );
    const config = loadConfig({ env: environment, cwd: process.cwd() });
    const dataDir = resolve(config.dataDir);
    const { logs } = await prepareDataFolder(dataDir);
    const lock = await lockDataFolder(dataDir);
    parts.push({ stop: () => lock.release() });
    await checkPorts(config, environment);
    const adminKey = await readAdminKey(dataDir, config.adminKey);
    const redisUrl = await ensureRedis(given['REDIS_URL'], dataDir, parts, log);
    closeOnSignal({ close: stop, deadlineMs: config.worker.graceMs + stopWithinMs, log });
    const decided = { ...environment, REDIS_URL: redisUrl, SLUICE_ADMIN_KEY: adminKey.key };
    const patience = { stopWithinMs: config.worker.graceMs + serviceStopMs };
    await startServices(spawned, { environment: decided, log, logs, ...patience }, parts);
    const url = `http://127.0.0.1:${config.server.port}`;
    const demo =
      options.demo && 'sim-chat' in config.routes.chat ? await runDemo(url, adminKey.key) : [];
    process.stdout.write(welcome({ url, adminKey, demo, config, logs }));
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Without a config file the receivers of a first try are on this machine, so its webhooks may reach it. */
function withLocalDefaults(given: Environment, hasConfigFile: boolean): Environment {
  const allowed = hasConfigFile ? undefined : '127.0.0.1,localhost';
  return {
    ...given,
    SLUICE_SIMULATOR_PORT: given['SLUICE_SIMULATOR_PORT'] ?? '8081',
    SLUICE_ALLOW_PRIVATE_HOSTS: given['SLUICE_ALLOW_PRIVATE_HOSTS'] ?? allowed,
  };
}

async function checkPorts(config: Config, environment: Environment): Promise<void> {
  await checkPort(config.server.port, config.server.host, 'PORT');
  await checkPort(
    Number(environment['SLUICE_SIMULATOR_PORT']),
    '127.0.0.1',
    'SLUICE_SIMULATOR_PORT',
  );
}

/** The Redis of REDIS_URL, or one of our own in the data folder with an append-only file. */
async function ensureRedis(
  given: string | undefined,
  dataDir: string,
  parts: Part[],
  log: Logger,
): Promise<string> {
  if (given) return given;
  const toolsDir = fileURLToPath(new URL('../../../../.tools', import.meta.url));
  const server = await findRedisServer({ toolsDir, log });
  const redis = await startLocalRedis({ server, dataDir: join(dataDir, 'redis'), log });
  parts.push({ stop: () => redis.stop() });
  return redis.url;
}

async function startServices(
  spawned: readonly SpawnedService[],
  options: Omit<ServiceOptions, 'spawned' | 'logFile'> & { logs: string },
  parts: Part[],
): Promise<void> {
  const services = spawned.map(
    (each) =>
      new ServiceProcess({
        ...options,
        spawned: each,
        logFile: join(options.logs, `${each.name}.log`),
      }),
  );
  parts.push({
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()));
    },
  });
  await Promise.all(services.map((service) => service.start()));
}

/** Ends what is not supervised yet. */
async function endAll(spawned: readonly SpawnedService[]): Promise<void> {
  for (const { child } of spawned) child.kill('SIGTERM');
  await Promise.all(spawned.map(({ exited }) => exited));
}
