import type { Bucket, Lane } from '@sluice/config';
import { loadScript } from '@sluice/runtime';

import { bucketName, windowOf } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';

const script = loadScript(import.meta.url, 'correct-lane');

/** What an upstream says is left of one of its limits. */
export interface Remaining {
  bucket: Bucket;
  units: number;
}

/** See {@link Limits.correct}. Returns the units taken out of each bucket. `nowMs` stands for Redis's clock in tests. */
export async function correctLane(
  deps: LimitsDeps,
  lane: Pick<Lane, 'name'>,
  remaining: readonly Remaining[],
  nowMs?: number,
): Promise<number[]> {
  const keys = laneKeys(deps.root, lane.name);
  const reply = await script(
    deps.redis,
    remaining.map(({ bucket }) => keys.used(bucketName(bucket, nowMs ?? deps.clock.now()))),
    [
      ...remaining.flatMap(({ bucket, units }) => {
        const { limit, smooth, intervalMs } = windowOf(bucket);
        return [units, limit, bucket.windowMs, smooth ? intervalMs : 0];
      }),
      ...(nowMs === undefined ? [] : [nowMs]),
    ],
  );
  // The shape is the script's own.
  return reply as number[];
}
