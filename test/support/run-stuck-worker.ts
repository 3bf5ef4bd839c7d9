import { Worker } from 'bullmq';

import { loadConfig } from '@sluice/config';
import { closeOnSignal, createLogger, readEnvironment } from '@sluice/runtime';
import { startWorker } from '@sluice/worker';

/** A worker whose consumer stands still as BullMQ's once did: it is connected, beats, and takes nothing. */
export async function run(): Promise<void> {
  // The loop's own method, which nothing but the loop calls.
  Object.assign(Worker.prototype, { _getNextJob: () => new Promise(() => {}) });

  const log = createLogger({ name: 'stuck', level: 'info' });
  const worker = await startWorker({
    config: loadConfig({ env: readEnvironment(), cwd: process.cwd() }),
    roles: ['run'],
    log,
    stuckAfterMs: 1_500,
    onStuck: (error) =>
      setImmediate(() => {
        throw error;
      }),
  });
  closeOnSignal({
    close: (_reason, graceMs) => worker.close(graceMs ?? 0),
    deadlineMs: 5_000,
    log,
  });
  process.send?.({ type: 'ready' });
}
