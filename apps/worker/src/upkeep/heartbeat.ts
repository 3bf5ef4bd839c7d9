import { heartbeatKey, heartbeatTtlMs, workerIdsKey, type Heartbeat } from '@sluice/contracts';
import type { LaneWorker } from '@sluice/queue';
import type { Clock, Logger, Redis } from '@sluice/runtime';

import type { WorkerMetrics } from '../worker-metrics.ts';

const everyMs = 2_000;

export interface HeartbeatDeps {
  redis: Redis;
  root: string;
  workerId: string;
  roles: readonly string[];
  /** Name of the lane → its workers, one a shard. */
  laneWorkers: ReadonlyMap<string, readonly LaneWorker[]>;
  metrics: WorkerMetrics;
  clock: Clock;
  log: Logger;
}

/** Writes the worker's heartbeat every two seconds until `signal` aborts, then removes it. */
export async function sendHeartbeats(deps: HeartbeatDeps, signal: AbortSignal): Promise<void> {
  const key = heartbeatKey(deps.root, deps.workerId);
  const ids = workerIdsKey(deps.root);
  const startedAtMs = deps.clock.now();
  while (!signal.aborted) {
    try {
      const heartbeat = await compose(deps, startedAtMs);
      await Promise.all([
        deps.redis.set(key, JSON.stringify(heartbeat), 'PX', heartbeatTtlMs),
        deps.redis.sadd(ids, deps.workerId),
        deps.redis.pexpire(ids, heartbeatTtlMs),
      ]);
    } catch (error) {
      deps.log.debug({ err: error }, 'heartbeat not written');
    }
    await deps.clock.sleep(everyMs, signal);
  }
  await Promise.all([deps.redis.del(key), deps.redis.srem(ids, deps.workerId)]);
}

async function compose(deps: HeartbeatDeps, startedAtMs: number): Promise<Heartbeat> {
  const lanes: Heartbeat['lanes'] = {};
  for (const [lane, workers] of deps.laneWorkers) {
    lanes[lane] = {
      lastTakenAtMs: Math.max(...workers.map((worker) => worker.lastTakenAtMs)),
      running: workers.reduce((sum, worker) => sum + worker.runningCount, 0),
    };
  }
  return {
    id: deps.workerId,
    startedAtMs,
    roles: [...deps.roles],
    lanes,
    metrics: await deps.metrics.registry.getMetricsAsJSON(),
  };
}
