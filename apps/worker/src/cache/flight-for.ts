import { flightOf, type Flight } from '@sluice/cache';

import type { Plan } from '../begin/plan-job.ts';
import { chatSessionOf } from '../call/chat-history.ts';
import type { CacheUse } from './cache-use.ts';
import { placingOf } from './find-cache-use.ts';

/** The flight of a job that {@link sharesFlight}. */
export function flightFor(plan: Plan & { cached: CacheUse }): Flight {
  const { cached, itinerary } = plan;
  const targets = itinerary.steps.filter(({ group }) => group !== 'classifier');
  return flightOf(
    placingOf(plan, cached.policy),
    targets.map(({ target }) => target),
  );
}

/** Jobs that look for no reply, or say that each call's is another, share none; nor do turns of a session, or what only classifies. */
export function sharesFlight(plan: Plan): plan is Plan & { cached: CacheUse } {
  const { cached, itinerary, record } = plan;
  const isClassifying = itinerary.steps[record.targetIndex]?.group === 'classifier';
  if (!cached || isClassifying || !cached.policy.singleFlight) return false;
  return cached.policy.mode === 'default' && !chatSessionOf(plan);
}
