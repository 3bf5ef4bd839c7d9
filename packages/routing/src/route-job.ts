import type { Config, RouteTarget } from '@sluice/config';
import type { JobRequest, Move, Routing } from '@sluice/contracts';

import { checkFallback } from './check-fallback.ts';
import { chooseModel, type ChoosingJob, type LiveSplits } from './choose-model.ts';
import { itineraryOf } from './itinerary.ts';
import { lackOf } from './lack-of.ts';
import { nextStep } from './next-step.ts';
import type { Reason } from './reason-to-leave.ts';

/** A job as it comes in. */
export interface ArrivingJob extends ChoosingJob {
  /** Public name that it asks for. */
  model: string;
  fallback?: Routing['fallback'];
}

/** Why a target would not do for a job, known without asking anybody. */
export interface Objection {
  reason: Reason;
  /** In words. */
  why: string;
}

/** What this process knows at the moment. */
export interface LiveFacts {
  splits: LiveSplits;
  objectionTo(target: RouteTarget): Objection | undefined;
}

/** Where a job begins: a part of its request. */
export type Start = Pick<JobRequest, 'lane' | 'routing' | 'targetIndex' | 'moves'>;

/**
 * Decides at accept where a job begins, from the configuration and what this process knows; it asks nobody. Workers decide
 * again with `nextStep` when a target fails or makes the job wait for too long.
 *
 * | the first target                                  | the job begins at                                          |
 * |---------------------------------------------------|------------------------------------------------------------|
 * | has no objection against it                       | the first target                                           |
 * | cannot take the prompt, by its size alone         | the next with a larger context window                      |
 * | is known to call no tools or to read no images,   | the next that is not; of those, where all are late, the    |
 * |   and the job brings some                         | first                                                      |
 * | is broken, or closed for longer than the job waits| the next without an objection                              |
 * | … and no other may be asked                       | the first target: it waits, falls back or ends there       |
 *
 * Which targets there are is said in {@link itineraryOf}, which model in {@link chooseModel}.
 * @throws SluiceError `invalid_request` for a `fallback` with a name that is not allowed.
 */
export function routeJob(config: Config, job: ArrivingJob, facts: LiveFacts): Start {
  const chosen = chooseModel(config, job.model, job, facts.splits);
  const { fallback, type, model } = job;
  checkFallback(config, { type, model, routing: chosen }, fallback);
  const isPlain = !chosen && fallback === undefined;
  const routing = isPlain ? undefined : { ...chosen, ...(fallback !== undefined && { fallback }) };
  const itinerary = itineraryOf(config, { type, model, routing });
  const [first] = itinerary.steps;
  const start = { lane: first.target.lane, ...(routing && { routing }) };
  const lack = lackOf(job.input, first.target);
  const objection: Objection | undefined =
    lack === undefined ? facts.objectionTo(first.target) : { reason: 'error', why: lack };
  if (!objection) return start;
  const { reason } = objection;
  const lackIn = (target: RouteTarget) => lackOf(job.input, target);
  const best = nextStep(itinerary, 0, reason, (target) => {
    return lackIn(target) ?? facts.objectionTo(target)?.why;
  });
  const isBest = best.index !== undefined || lack === undefined;
  const { index, passedBy } = isBest ? best : nextStep(itinerary, 0, reason, lackIn);
  const next = index === undefined ? undefined : itinerary.steps[index];
  if (index === undefined || !next) return start;
  const left = [{ target: first.target, reason: objection.why }, ...passedBy];
  return { ...start, lane: next.target.lane, targetIndex: index, moves: left.map(asMove) };
}

function asMove({ target, reason }: { target: RouteTarget; reason: string }): Move {
  return { provider: target.provider.name, model: target.model, reason, attempts: 0 };
}
