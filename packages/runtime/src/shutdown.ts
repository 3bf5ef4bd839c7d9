import type { Logger } from './logger.ts';

/** A terminal and a supervisor may both pass one Ctrl-C on: what comes this soon is the same one. */
const sameSignalMs = 500;

/** Without its supervisor a process has lost its Redis too, and nobody waits for it. */
const orphanDeadlineMs = 2_000;

/** How long calls in flight may take after a defect; the process is not to be trusted with more. */
const defectDeadlineMs = 5_000;
const defectGraceMs = 3_000;

export interface CloseOptions {
  /** Called exactly once. `graceMs` is how long work in flight may go on; without one the usual time. */
  close: (reason: string, graceMs?: number) => Promise<void>;
  /** Of `close`, milliseconds. */
  deadlineMs: number;
  log: Logger;
}

/**
 * Closes a process in order on SIGTERM, SIGINT or the end of the supervisor (IPC disconnect), then exits with 0.
 * A second signal, or the deadline, exits with 1 at once. So does what nobody caught, after it was logged and work in flight
 * had a few seconds: a process whose state is not known takes nothing new.
 *
 * | running  | first signal                    | closing | exit 0 when closed, 1 after the deadline   |
 * | running  | the supervisor is gone          | closing | the same, within 2 s                       |
 * | running  | exception or rejection uncaught | closing | exit 1 when closed, or after 5 s           |
 * | closing  | another signal, another defect  | gone    | exit 1 at once                             |
 */
export function closeOnSignal(options: CloseOptions): void {
  const { log } = options;
  let closingSince: number | undefined;
  const begin = (reason: string, plan: { deadlineMs: number; graceMs?: number; code: number }) => {
    if (closingSince !== undefined) {
      if (performance.now() - closingSince < sameSignalMs) return;
      log.warn({ reason }, 'second signal: exiting at once');
      process.exit(1);
    }
    closingSince = performance.now();
    exitAfter(plan.deadlineMs, log);
    options.close(reason, plan.graceMs).then(
      () => process.exit(plan.code),
      (error: unknown) => {
        log.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  const inOrder = { deadlineMs: options.deadlineMs, code: 0 };
  process.on('SIGTERM', () => begin('SIGTERM', inOrder));
  process.on('SIGINT', () => begin('SIGINT', inOrder));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, 'a defect that nobody caught: draining, then exiting');
      begin(event, { deadlineMs: defectDeadlineMs, graceMs: defectGraceMs, code: 1 });
    });
  }
  const orphaned = () => begin('the supervisor is gone', { deadlineMs: orphanDeadlineMs, code: 0 });
  // The supervisor died while this process started.
  if (process.send && !process.connected) orphaned();
  if (!process.channel) return;
  process.on('disconnect', () => {
    if (closingSince === undefined) orphaned();
    else exitAfter(orphanDeadlineMs, log);
  });
}

function exitAfter(deadlineMs: number, log: Logger): void {
  setTimeout(() => {
    log.error({ deadlineMs }, 'did not close in time: exiting');
    process.exit(1);
  }, deadlineMs).unref();
}
