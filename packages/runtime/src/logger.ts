import { destination, pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * The process's log: JSON lines on standard error, so that standard output stays free for what a command prints.
 * Prompts, keys, bodies and webhook secrets are never given to it; the redaction is the second lock on that door.
 */
export function createLogger(options: { name: string; level?: string | undefined }): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: {
        paths: [
          '*.apiKey',
          '*.apiKeys',
          '*.secret',
          '*.authorization',
          'apiKey',
          'apiKeys',
          'secret',
          'authorization',
          'input',
          '*.input',
        ],
        censor: '[redacted]',
      },
      base: { name: options.name, pid: process.pid },
    },
    standardError(),
  );
}

/**
 * Written at once. What is kept for later is written at the exit, and a write whose reader is gone would then be tried for
 * ever: processes outlived a supervisor that had been killed. A log that nobody can read any more ends no process either.
 * @see https://github.com/pinojs/sonic-boom/blob/v4.2.1/index.js flushSync
 */
function standardError(): ReturnType<typeof destination> {
  const stream = destination({ fd: 2, sync: true });
  stream.on('error', () => {});
  return stream;
}
