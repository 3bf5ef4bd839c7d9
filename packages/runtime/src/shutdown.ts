import type { Logger } from './logger.ts';

/**
 * Closes a process in order on SIGTERM, SIGINT or the end of the supervisor (IPC disconnect), then exits with 0.
 * A second signal, or the deadline, exits with 1 at once. `close` is called exactly once.
 */
export function closeOnSignal(options: {
  close: (reason: string) => Promise<void>;
  deadlineMs: number;
  log: Logger;
}): void {
  let closing = false;
  const begin = (reason: string) => {
    if (closing) {
      options.log.warn({ reason }, 'second signal: exiting at once');
      process.exit(1);
    }
    closing = true;
    setTimeout(() => {
      options.log.error({ deadlineMs: options.deadlineMs }, 'did not close in time: exiting');
      process.exit(1);
    }, options.deadlineMs).unref();
    options.close(reason).then(
      () => process.exit(0),
      (error: unknown) => {
        options.log.error({ err: error }, 'closing failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
  if (process.channel) process.on('disconnect', () => begin('the supervisor is gone'));
}
