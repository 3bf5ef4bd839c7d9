import type { RouteTarget } from '@sluice/config';
import type { LaneBook, Limits } from '@sluice/limits';
import type { Clock, Logger } from '@sluice/runtime';

/** What this process knows of targets without asking: at most about a second old. */
export interface RouteWatch {
  /** In words why a call of the target cannot start by `startByMs` (epoch milliseconds); only what is certain. */
  lateStart(target: RouteTarget, startByMs: number): string | undefined;
}

const everyMs = 500;

interface LaneFacts {
  closedUntilMs: number;
  broken: ReadonlySet<string>;
}

type WatchDeps = { limits: Limits; laneBook: LaneBook; clock: Clock; log: Logger };

/** Looks at once, then twice a second until `signal` aborts. What cannot be read is as it was before. */
export function watchRoutes(deps: WatchDeps, signal: AbortSignal): RouteWatch {
  const lanes = new Map<string, LaneFacts>();
  // Ends with the signal and never rejects.
  void (async () => {
    while (!signal.aborted) {
      await look(lanes, deps).catch((error: unknown) => {
        deps.log.debug({ err: error }, 'the lanes could not be read');
      });
      await deps.clock.sleep(everyMs, signal);
    }
  })();
  return {
    lateStart({ lane, model }, startByMs) {
      const facts = lanes.get(lane);
      if (!facts) return undefined;
      if (facts.broken.has(model)) return 'circuit breaker';
      return facts.closedUntilMs > startByMs ? 'upstream 429' : undefined;
    },
  };
}

async function look(lanes: Map<string, LaneFacts>, { limits, laneBook }: WatchDeps): Promise<void> {
  await Promise.all(
    laneBook.all().map(async (lane) => {
      // Only whether it is open: its counts are nothing to a route.
      const { closed, brokenTargets } = await limits.status({ ...lane, buckets: [] });
      lanes.set(lane.name, {
        closedUntilMs: closed?.untilMs ?? 0,
        broken: new Set(brokenTargets.map(({ target }) => target)),
      });
    }),
  );
}
