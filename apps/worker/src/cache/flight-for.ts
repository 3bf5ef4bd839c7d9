import { flightOf, type Flight } from '@sluice/cache';

import type { Plan } from '../begin/plan-job.ts';
import { chatSessionOf } from '../call/chat-history.ts';
import { placingOf } from './cache-use.ts';

/** Jobs that look for no reply, or say that each call's is another, share none; nor do turns of a session, or what only classifies. */
export function flightFor(plan: Plan): Flight | undefined {
  const { cached, itinerary, record } = plan;
  const isClassifying = itinerary.steps[record.targetIndex]?.group === 'classifier';
  if (!cached || isClassifying || !cached.policy.singleFlight) return undefined;
  if (cached.policy.mode !== 'default' || chatSessionOf(plan)) return undefined;
  const targets = itinerary.steps.filter(({ group }) => group !== 'classifier');
  return flightOf(
    placingOf(plan, cached.policy),
    targets.map(({ target }) => target),
  );
}
