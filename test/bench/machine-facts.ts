import { cpus, loadavg } from 'node:os';

import type { RedisServer } from '@sluice/runtime';

/** What the numbers depend on. */
export interface MachineFacts {
  cpu: string;
  cores: number;
  /** Load average of the last minute before the benches: much above 0, something else was measured too. */
  load: number;
  node: string;
  redis: string;
}

export function machineFacts(redis: RedisServer): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    node: process.version,
    redis: redis.kind === 'program' ? redis.version : redis.image,
  };
}
