import { loadConfig, watchConfig } from '@sluice/config';
import { closeOnSignal, createLogger, readEnvironment, startLoopWatchdog } from '@sluice/runtime';

import { startWorker, workerRoles, type WorkerRole } from './start-worker.ts';

/**
 * A lock lives 10 s and is renewed every 5 s: by then it must be sure that nobody starts this worker's jobs beside it.
 */
const maxStallMs = 4_500;

/** What the process may take beyond the grace of its calls. */
const closingMs = 2_000;

/** Runs a worker as a process, until a signal. Resolves when it takes jobs, to what ends it where the process goes on. */
export async function run(): Promise<{ close(): Promise<void> }> {
  const environment = readEnvironment();
  const log = createLogger({ name: 'worker', level: environment['SLUICE_LOG_LEVEL'] });

  try {
    const location = { env: environment, cwd: process.cwd() };
    const config = loadConfig(location);
    const roles = rolesOf(environment['SLUICE_ROLES']);
    const worker = await startWorker({ config, roles, log, onStuck: endByDefect });
    const watchdog = startLoopWatchdog(maxStallMs);
    const { graceMs } = config.worker;
    closeOnSignal({
      close: (_reason, shorterMs) => worker.close(shorterMs ?? graceMs),
      deadlineMs: graceMs + closingMs,
      log,
    });
    const watcher = watchConfig(location, {
      config: (next) => worker.reload(next),
      error: (error) => log.error({ err: error }, 'the new configuration is not used'),
    });
    process.on('SIGHUP', () => watcher.reload());
    process.send?.({ type: 'ready' });
    log.info({ lanes: Object.keys(config.lanes) }, 'worker takes jobs');
    return {
      async close() {
        watcher.close();
        await Promise.all([worker.close(0), watchdog.stop()]);
      },
    };
  } catch (error) {
    process.stderr.write(
      `sluice worker: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  }
}

/** As any defect that nobody catches: what runs gets a few seconds, and the process ends with 1 for its supervisor. */
function endByDefect(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

function rolesOf(text: string | undefined): WorkerRole[] {
  if (!text) return [...workerRoles];
  return text.split(',').map((given) => {
    const role = workerRoles.find((known) => known === given.trim());
    if (role) return role;
    throw new Error(
      `SLUICE_ROLES: unknown role "${given}"; known roles are ${workerRoles.join(', ')}`,
    );
  });
}
