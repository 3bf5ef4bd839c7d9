import type { Lane } from '@sluice/config';
import { loadScript } from '@sluice/runtime';

import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';

const script = loadScript(import.meta.url, 'penalize-lane');

/** How the lane is closed; see {@link Limits.penalize}. */
export interface Penalty {
  pauseMs: number;
  reason: string;
}

/** `nowMs` stands for Redis's clock in tests. */
export async function penalizeLane(
  deps: LimitsDeps,
  lane: Pick<Lane, 'name'>,
  penalty: Penalty,
  nowMs?: number,
): Promise<void> {
  const pauseMs = Math.ceil(penalty.pauseMs);
  if (!(pauseMs > 0)) return;
  await script(
    deps.redis,
    [laneKeys(deps.root, lane.name).gate],
    [pauseMs, penalty.reason, ...(nowMs === undefined ? [] : [nowMs])],
  );
}
