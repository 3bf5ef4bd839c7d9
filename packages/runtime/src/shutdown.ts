import type { Logger } from './logger.ts';

/** A terminal and a supervisor may both pass one Ctrl-C on: what comes this soon is the same one. */
const sameSignalMs = 500;

/** Without its supervisor a process has lost its Redis too, and nobody waits for it. */
const orphanDeadlineMs = 2_000;

/**
 * Closes a process in order on SIGTERM, SIGINT or the end of the supervisor (IPC disconnect), then exits with 0.
 * A second signal, or the deadline, exits with 1 at once. `close` is called exactly once.
 */
export function closeOnSignal(options: {
  close: (reason: string) => Promise<void>;
  deadlineMs: number;
  log: Logger;
}): void {
  let closingSince: number | undefined;
  const begin = (reason: string, deadlineMs: number) => {
    if (closingSince !== undefined) {
      if (performance.now() - closingSince < sameSignalMs) return;
      options.log.warn({ reason }, 'second signal: exiting at once');
      process.exit(1);
    }
    closingSince = performance.now();
    exitAfter(deadlineMs, options.log);
    options.close(reason).then(
      () => process.exit(0),
      (error: unknown) => {
        options.log.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => begin('SIGTERM', options.deadlineMs));
  process.on('SIGINT', () => begin('SIGINT', options.deadlineMs));
  if (!process.channel) return;
  process.on('disconnect', () => {
    if (closingSince === undefined) begin('the supervisor is gone', orphanDeadlineMs);
    else exitAfter(orphanDeadlineMs, options.log);
  });
}

function exitAfter(deadlineMs: number, log: Logger): void {
  setTimeout(() => {
    log.error({ deadlineMs }, 'did not close in time: exiting');
    process.exit(1);
  }, deadlineMs).unref();
}
