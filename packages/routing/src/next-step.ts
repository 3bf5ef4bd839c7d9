import type { RouteTarget } from '@sluice/config';

import { isDearer } from './is-dearer.ts';
import type { Itinerary, StepGroup } from './itinerary.ts';
import type { Reason } from './reason-to-leave.ts';

/** A target that the job could not be sent to, and why in words. */
export interface PassedBy {
  target: RouteTarget;
  reason: string;
}

/** Where the job goes on, or that it cannot; beside it, what it would have reached otherwise. */
export interface NextStep {
  index: number | undefined;
  passedBy: PassedBy[];
}

/**
 * The next target of a job that leaves the one at `from`. The first later one that the reason leads to and that is allowed:
 *
 * | reason        | leads to                                                                                       |
 * |---------------|------------------------------------------------------------------------------------------------|
 * | error, wait   | the rest of the list that the job is in                                                        |
 * | contextWindow | `fallback.contextWindow` where that is a list, else (unless it is false) the rest of the list;  |
 * |               | nothing whose window is known not to be larger                                                 |
 * | contentFilter | `fallback.contentFilter` where that is a list, the rest of the list where it is true           |
 *
 * Never allowed: a target dearer than the first, unless the model says `allowDearer` (see {@link isDearer}); one that
 * `whyNot` has an objection to.
 */
export function nextStep(
  itinerary: Itinerary,
  from: number,
  reason: Reason,
  whyNot: (target: RouteTarget) => string | undefined = () => undefined,
): NextStep {
  const group = groupFor(itinerary, from, reason);
  const passedBy: PassedBy[] = [];
  if (group === undefined) return { index: undefined, passedBy };
  const { steps } = itinerary;
  for (let index = from + 1; index < steps.length; index += 1) {
    const step = steps[index];
    if (step?.group !== group) continue;
    const objection = objectionTo(itinerary, from, { index, reason }) ?? whyNot(step.target);
    if (objection === undefined) return { index, passedBy };
    passedBy.push({ target: step.target, reason: objection });
  }
  return { index: undefined, passedBy };
}

function groupFor(
  { rules, steps }: Itinerary,
  from: number,
  reason: Reason,
): StepGroup | undefined {
  const current = steps[from]?.group;
  if (current === 'classifier' || current === undefined) return undefined;
  if (reason === 'error' || reason === 'wait' || current === reason) return current;
  const places = rules[reason];
  if (typeof places !== 'boolean') return reason;
  return places ? current : undefined;
}

function objectionTo(
  { steps, first, rules }: Itinerary,
  from: number,
  { index, reason }: { index: number; reason: Reason },
): string | undefined {
  const candidate = steps[index]?.target;
  if (!rules.allowDearer && isDearer(steps[first]?.target.price, candidate?.price)) {
    return candidate?.price ? 'dearer than the first target' : 'of unknown price';
  }
  const { contextWindow: taken = Infinity } = steps[from]?.target.facts ?? {};
  const { contextWindow: offered = Infinity } = candidate?.facts ?? {};
  const isTooSmall = offered <= taken && offered !== Infinity && taken !== Infinity;
  return reason === 'contextWindow' && isTooSmall ? 'no larger context window' : undefined;
}
