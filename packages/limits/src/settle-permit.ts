import { loadScript } from '@sluice/runtime';

import { laneKeys } from './keys.ts';
import type { LimitsDeps } from './limits-deps.ts';
import type { CallOutcome, Permit, PermitAmounts } from './permit.ts';

const script = loadScript(import.meta.url, 'settle-permit', ['breaker', 'correct-slot'], {
  together: true,
});

/** What this call made of its target's breaker: it opened or closed it, or found it open and let it be. */
export type BreakerState = 'opened' | 'open' | 'closed';

/** See {@link Limits.settle}. `nowMs` stands for Redis's clock in tests. */
export async function settlePermit(
  deps: LimitsDeps,
  permit: Permit,
  used: PermitAmounts,
  { outcome = '', nowMs }: { outcome?: CallOutcome; nowMs?: number | undefined } = {},
): Promise<BreakerState | undefined> {
  const keys = laneKeys(deps.root, permit.lane);
  const ofTenant = keys.ofTenant(permit.tenant);
  const reply = await script(
    deps.redis,
    [
      keys.gate,
      keys.permit(permit.id),
      keys.leases,
      ofTenant.leases,
      ...permit.buckets.map((bucket) => (bucket.ofTenant ? ofTenant : keys).used(bucket.name)),
    ],
    [
      permit.id,
      permit.leases.lane ? 1 : 0,
      permit.leases.tenant ? 1 : 0,
      permit.target,
      outcome,
      ...permit.buckets.flatMap(({ unit, windowMs }) => [Math.ceil(used[unit] ?? 0), windowMs]),
      ...(nowMs === undefined ? [] : [nowMs]),
    ],
  );
  // The order is the script's own.
  return ([undefined, undefined, 'opened', 'closed', 'open'] as const)[Number(reply)];
}
