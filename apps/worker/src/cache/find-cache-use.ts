import { placeOf, policyFor, type EffectivePolicy, type Placing } from '@sluice/cache';

import { callTypeOf } from '../begin/call-type.ts';
import type { Plan } from '../begin/plan-job.ts';
import type { CacheUse } from './cache-use.ts';

/** `undefined` for a job whose model does not cache. */
export function cacheUseOf(plan: Plan): CacheUse | undefined {
  const { record, route, target } = plan;
  const policy = policyFor(route, record);
  return policy && { policy, place: placeOf(placingOf(plan, policy), target) };
}

export function placingOf({ record, route }: Plan, policy: EffectivePolicy): Placing {
  return { policy, route, job: { ...record, type: callTypeOf(record.type) } };
}
