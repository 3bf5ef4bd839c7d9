import { loadScript } from '@sluice/runtime';

import { windowOf } from './bucket-window.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import type { Permit } from './permit.ts';

const script = loadScript(import.meta.url, 'recharge-permit');

/** See {@link Limits.recharge}. `nowMs` stands for Redis's clock in tests. */
export async function rechargePermit(
  deps: LimitsDeps,
  permit: Permit,
  nowMs?: number,
): Promise<void> {
  const keys = laneKeys(deps.root, permit.lane);
  const ofTenant = keys.ofTenant(permit.tenant);
  const scoped = permit.buckets.map((bucket) => ({
    name: bucket.name,
    scope: bucket.ofTenant ? ofTenant : keys,
    // Slots and margin follow from the length of the window alone.
    window: windowOf({ ...bucket, limit: 1, pacing: 'burst' }),
  }));
  await script(
    deps.redis,
    [
      keys.permit(permit.id),
      ...scoped.flatMap(({ scope, name }) => [scope.used(name), scope.slots(name)]),
    ],
    [
      ...scoped.flatMap(({ window }) => [window.windowMs, window.slotMs]),
      ...(nowMs === undefined ? [] : [nowMs]),
    ],
  );
}
