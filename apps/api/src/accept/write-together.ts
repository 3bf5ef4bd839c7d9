import type { Redis } from 'ioredis';

/**
 * Holds back what goes to Redis from now until the end of this turn of the event loop, so that the commands of one job,
 * and of all jobs that arrive in the same turn, leave in one system call. The order of the commands stays.
 */
export function writeTogether({ status, stream }: Redis): void {
  if (status !== 'ready') return;
  stream.cork();
  setImmediate(() => stream.uncork());
}
