import { cpus, loadavg } from 'node:os';

import type { Redis } from '@sluice/runtime';

/** What the numbers depend on. */
export interface MachineFacts {
  cpu: string;
  cores: number;
  /** Load average of the last minute before the benches: above 0, somebody else was measured too. */
  load: number;
  node: string;
  redis: string;
}

export async function machineFacts(redis: Redis): Promise<MachineFacts> {
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    node: process.version,
    redis: version,
  };
}
