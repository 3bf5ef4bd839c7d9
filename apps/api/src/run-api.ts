import { loadConfig, watchConfig } from '@sluice/config';
import { closeOnSignal, createLogger, readEnvironment } from '@sluice/runtime';

import { startApi } from './start-api.ts';

/** Longer than the API needs to drain. */
const closeDeadlineMs = 10_000;

/** Runs the API as a process, until a signal. Resolves when it listens, to what ends it where the process goes on. */
export async function run(): Promise<{ close(): Promise<void> }> {
  const environment = readEnvironment();
  const log = createLogger({ name: 'api', level: environment['SLUICE_LOG_LEVEL'] });

  try {
    const location = { env: environment, cwd: process.cwd() };
    const config = loadConfig(location);
    const api = await startApi({ config, log });
    closeOnSignal({ close: () => api.close(), deadlineMs: closeDeadlineMs, log });
    const watcher = watchConfig(location, {
      config: (next) => api.reload(next),
      error: (error) => log.error({ err: error }, 'the new configuration is not used'),
    });
    process.on('SIGHUP', () => watcher.reload());
    process.send?.({ type: 'ready', url: api.url });
    log.info({ url: api.url }, 'api listens');
    return {
      async close() {
        watcher.close();
        await api.close();
      },
    };
  } catch (error) {
    process.stderr.write(`sluice api: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
