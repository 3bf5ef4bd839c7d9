import { loadScript } from '@sluice/runtime';

import { bucketName } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import type { Permit, PermitAmounts } from './permit.ts';

const script = loadScript(import.meta.url, 'settle-permit');

/** See {@link Limits.settle}. `nowMs` stands for Redis's clock in tests. */
export async function settlePermit(
  deps: LimitsDeps,
  permit: Permit,
  used: PermitAmounts,
  nowMs?: number,
): Promise<void> {
  const keys = laneKeys(deps.root, permit.lane);
  const names = permit.buckets.map(bucketName);
  await script(
    deps.redis,
    [keys.leases, keys.permit(permit.id), ...names.map((name) => keys.used(name))],
    [
      permit.id,
      ...permit.buckets.flatMap(({ unit, windowMs }, i) => [
        names[i] ?? '',
        Math.ceil(used[unit]),
        windowMs,
      ]),
      ...(nowMs === undefined ? [] : [nowMs]),
    ],
  );
}
