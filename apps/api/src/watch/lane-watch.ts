import type { Heartbeat } from '@sluice/contracts';
import type { LaneCounts, Lanes } from '@sluice/queue';
import type { Clock, Logger, Redis } from '@sluice/runtime';
import type { Config } from '@sluice/config';

import { readHeartbeats } from './read-heartbeats.ts';

/** Knows which lanes have stopped moving although they could move. */
export interface LaneWatch {
  /** Names of the lanes in which nothing was taken for 30 s while tickets waited, and why should have been. */
  stalled(): string[];
}

const everyMs = 5_000;

/** How long tickets may wait in an open lane with room before the lane counts as stalled. */
const stalledAfterMs = 30_000;

/** Looks at once, then every five seconds until `signal` aborts. What cannot be read is looked at the next time. */
export function watchLanes(
  deps: { redis: Redis; config: Config; lanes: Lanes; clock: Clock; log: Logger },
  signal: AbortSignal,
): LaneWatch {
  const idle = new Map<string, IdleLane>();
  const look = async () => {
    try {
      const [counts, heartbeats] = await Promise.all([deps.lanes.counts(), readHeartbeats(deps)]);
      for (const count of counts) note(idle, count, heartbeats, deps);
    } catch (error) {
      deps.log.debug({ err: error }, 'the lanes could not be read');
    }
  };
  // Ends with the signal and never rejects.
  void (async () => {
    while (!signal.aborted) {
      await look();
      await deps.clock.sleep(everyMs, signal);
    }
  })();
  return {
    stalled() {
      const latestMs = deps.clock.now() - stalledAfterMs;
      return [...idle].filter(([, { sinceMs }]) => sinceMs <= latestMs).map(([lane]) => lane);
    },
  };
}

interface IdleLane {
  sinceMs: number;
  /** By the workers' clocks; only compared for being the same. */
  lastTakenAtMs: number;
}

/** A lane is idle from the first look that finds it able to move until one finds that it moved or cannot. */
function note(
  idle: Map<string, IdleLane>,
  count: LaneCounts,
  heartbeats: readonly Heartbeat[],
  { config, clock }: { config: Config; clock: Clock },
): void {
  const workers = heartbeats.flatMap(({ lanes }) => lanes[count.lane] ?? []);
  const limit = config.lanes[count.lane]?.concurrency ?? Number.POSITIVE_INFINITY;
  const couldMove = count.waiting > 0 && count.pausedForMs === 0 && count.active < limit;
  const slots = config.worker.concurrency * config.shards;
  const someoneIsFree =
    workers.length === 0 ? count.active === 0 : workers.some(({ running }) => running < slots);
  if (!couldMove || !someoneIsFree) {
    idle.delete(count.lane);
    return;
  }
  const lastTakenAtMs = Math.max(0, ...workers.map((worker) => worker.lastTakenAtMs));
  if (idle.get(count.lane)?.lastTakenAtMs === lastTakenAtMs) return;
  idle.set(count.lane, { sinceMs: clock.now(), lastTakenAtMs });
}
