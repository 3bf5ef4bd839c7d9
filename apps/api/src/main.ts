import { loadConfig } from '@sluice/config';
import { closeOnSignal, createLogger, readEnvironment } from '@sluice/runtime';

import { startApi } from './start-api.ts';

/** Longer than the API needs to drain. */
const closeDeadlineMs = 10_000;

const environment = readEnvironment();
const log = createLogger({ name: 'api', level: environment['SLUICE_LOG_LEVEL'] });

try {
  const config = loadConfig({ env: environment, cwd: process.cwd() });
  const api = await startApi({ config, log });
  closeOnSignal({ close: () => api.close(), deadlineMs: closeDeadlineMs, log });
  process.send?.({ type: 'ready', url: api.url });
  log.info({ url: api.url }, 'api listens');
} catch (error) {
  process.stderr.write(`sluice api: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
