import type { Lane } from '@sluice/config';
import { createLogger, createRedis, systemClock } from '@sluice/runtime';

import { createLimits } from './limits.ts';

/** What a contending process is told. */
export interface Contention {
  url: string;
  root: string;
  lanes: Lane[];
  clientsPerLane: number;
  durationMs: number;
}

/** When each permit of a lane was in its caller's hands, in ms of the machine's monotonic clock. */
export type Arrivals = Record<string, number[]>;

/** Every client asks for one request after the other, as fast as it is allowed to. */
export async function contend(contention: Contention): Promise<Arrivals> {
  const arrivals: Arrivals = {};
  const clients = contention.lanes.flatMap((lane) => {
    const times: number[] = (arrivals[lane.name] = []);
    return Array.from({ length: contention.clientsPerLane }, () => ask(contention, lane, times));
  });
  await Promise.all(clients);
  return arrivals;
}

async function ask({ url, root, durationMs }: Contention, lane: Lane, arrivals: number[]) {
  const redis = createRedis(url, 'worker', createLogger({ name: 'contender' }));
  let readMs = 0;
  const now = () => {
    readMs = Number(process.hrtime.bigint()) / 1e6;
    return Math.floor(readMs);
  };
  const limits = createLimits({ redis, root, clock: { now, sleep: systemClock.sleep } });
  await redis.ping();
  const endMs = now() + durationMs;
  while (now() < endMs) {
    const decision = await limits.acquire(lane, { requests: 1, tokens: 0 });
    // The clock was last read when the permit was judged to be in time.
    if (decision.kind === 'granted') arrivals.push(readMs);
    else await systemClock.sleep(Math.max(0, Math.min(decision.waitMs, endMs - now())));
  }
  redis.disconnect();
}

// Started as a process of its own: told by its parent what to do, answers once.
process.once('message', (contention) => {
  // The parent is the test beside this file.
  void contend(contention as Contention).then((arrivals) => {
    process.send?.(arrivals);
    process.disconnect();
  });
});
