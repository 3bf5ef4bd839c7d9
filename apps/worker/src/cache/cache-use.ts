import {
  placeOf,
  policyFor,
  type CachePlace,
  type EffectivePolicy,
  type Flight,
  type FoundReply,
  type Placing,
} from '@sluice/cache';

import type { AskedAs } from '@sluice/contracts';

import { callTypeOf } from '../begin/call-type.ts';
import type { Plan } from '../begin/plan-job.ts';

/** What the cache does for one run of a job. */
export interface CacheUse {
  policy: EffectivePolicy;
  place: CachePlace;
  /** When nothing was found, by Redis's clock (epoch ms); absent where nobody looked. */
  askedAtMs?: number;
  /** What answers if the call fails. */
  fallback?: FoundReply;
  /** Its question, where it may be answered in other words. */
  asked?: AskedAs;
  /** The call that this run leads. */
  flight?: Flight;
}

/** `undefined` for a job whose model does not cache. */
export function cacheUseOf(plan: Plan): CacheUse | undefined {
  const { record, route, target } = plan;
  const policy = policyFor(route, record);
  return policy && { policy, place: placeOf(placingOf(plan, policy), target) };
}

export function placingOf({ record, route }: Plan, policy: EffectivePolicy): Placing {
  return { policy, route, job: { ...record, type: callTypeOf(record.type) } };
}
