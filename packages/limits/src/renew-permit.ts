import { loadScript } from '@sluice/runtime';

import { leaseMs, recordTtlMs } from './acquire-permits.ts';
import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import type { Permit } from './permit.ts';

const script = loadScript(import.meta.url, 'renew-permit');

/** See {@link Limits.renew}. `nowMs` stands for Redis's clock in tests. */
export async function renewPermit(
  deps: LimitsDeps,
  permit: Permit,
  nowMs?: number,
): Promise<boolean> {
  const keys = laneKeys(deps.root, permit.lane);
  const reply = await script(
    deps.redis,
    [
      keys.permit(permit.id),
      ...(permit.leases.lane ? [keys.leases] : []),
      ...(permit.leases.tenant ? [keys.ofTenant(permit.tenant).leases] : []),
    ],
    [permit.id, leaseMs, recordTtlMs, ...(nowMs === undefined ? [] : [nowMs])],
  );
  return reply === 1;
}
