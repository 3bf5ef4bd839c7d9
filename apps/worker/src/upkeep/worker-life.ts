import { heartbeatKey, heartbeatTtlMs } from '@sluice/contracts';
import type { Clock, Redis } from '@sluice/runtime';

/** Knows which workers still do what they began. */
export interface WorkerLife {
  /** Whether the worker may still bring the end of what it began. */
  isAlive(workerId: string): Promise<boolean>;
}

/** A worker writes its heartbeat every 2 s: one that is older than this is dead, frozen or cut off. */
const silentAfterMs = 6_000;

/**
 * After Redis was away each worker brings what it has done meanwhile within the 500 ms between two tries to connect. Who
 * comes first must not take the others for dead.
 */
const reunionMs = 3_000;

/** `redis` is connected: only connections after an outage count as reunions. */
export function watchWorkerLife({
  redis,
  root,
  clock,
}: {
  redis: Redis;
  root: string;
  clock: Clock;
}): WorkerLife {
  let reunitedAtMs = Number.NEGATIVE_INFINITY;
  redis.on('ready', () => {
    reunitedAtMs = clock.now();
  });
  return {
    async isAlive(workerId) {
      if (clock.now() < reunitedAtMs + reunionMs) return true;
      const ttlMs = await redis.pttl(heartbeatKey(root, workerId));
      return ttlMs > heartbeatTtlMs - silentAfterMs;
    },
  };
}
