import type { Config, FallbackRules, Route, RouteTarget } from '@sluice/config';
import type { CallType, Routing } from '@sluice/contracts';

import { resolveRoute } from './resolve-route.ts';

/** Which reasons lead to a step from outside its group; inside one, steps follow each other. */
export type StepGroup = 'any' | 'contextWindow' | 'contentFilter' | 'classifier';

/** One place of a job's way. */
export interface Step {
  target: RouteTarget;
  group: StepGroup;
}

/**
 * All targets that a job may be sent to, in the order in which it may visit them: it never goes back, so each is visited
 * once at most. A job's `targetIndex` is an index into `steps`.
 */
export interface Itinerary {
  /** The model whose targets are asked: its cache holds. */
  route: Route;
  steps: readonly [Step, ...Step[]];
  /** Index of the first target that may give the result: 1 behind a classifier, else 0. */
  first: number;
  /** As the model has them, or as the client's own `fallback` makes them. */
  rules: FallbackRules;
}

/** What says where a job may go. */
export interface Traveller {
  type: CallType;
  /** Public name. */
  model: string;
  routing?: Routing | undefined;
}

/** Of routes without any choice; a route lives as long as its configuration. */
const plain = new WeakMap<Route, Itinerary>();

/**
 * The way of a job, from the configuration and what was decided for it:
 *
 * | the job                                    | steps                                                                |
 * |--------------------------------------------|----------------------------------------------------------------------|
 * | names a model with targets                 | its targets; those for long prompts; those for filtered ones         |
 * | was sent to an arm of a split              | the same of the arm, then the targets of the other arms as they stand |
 * | waits for its classifier                   | the classifier                                                        |
 * | was classified                             | the classifier; the same of the model that it led to                  |
 * | brings `fallback: false`                   | the first target                                                      |
 * | brings a list                              | the first target; those of the list                                   |
 *
 * @throws SluiceError `model_not_found` or `app_not_found` for a name that the configuration does not have.
 */
export function itineraryOf(config: Config, { type, model, routing }: Traveller): Itinerary {
  const named = resolveRoute(config, type, model);
  const chosen = routing?.model;
  const route = chosen === undefined ? named : resolveRoute(config, type, chosen);
  const isPlain = !routing?.arm && !routing?.classifier && routing?.fallback === undefined;
  const known = isPlain ? plain.get(route) : undefined;
  if (known) return known;
  const itinerary = draw(config, { named, route, routing: routing ?? {} });
  if (isPlain) plain.set(route, itinerary);
  return itinerary;
}

interface Drawn {
  named: Route;
  route: Route;
  routing: Routing;
}

function draw(config: Config, drawn: Drawn): Itinerary {
  const { named, route, routing } = drawn;
  const classifier = classifierOf(config, routing);
  const isWaiting = classifier !== undefined && routing.model === undefined;
  const own = isWaiting ? [] : ownSteps(config, drawn);
  const [head, ...tail] = [...(classifier ? [classifier] : []), ...own];
  if (!head) throw new Error(`${route.name} has no target`);
  const rules = {
    ...route.fallback,
    ...(routing.fallback && { contextWindow: true, contentFilter: true }),
    allowDearer: named.fallback.allowDearer || route.fallback.allowDearer,
  };
  return { route, steps: [head, ...tail], first: classifier ? 1 : 0, rules };
}

function classifierOf(config: Config, { classifier: router }: Routing): Step | undefined {
  const choice = router === undefined ? undefined : config.routes.chat[router]?.choice;
  if (choice?.kind !== 'router' || !choice.classifier) return undefined;
  const target = config.routes.chat[choice.classifier.model]?.targets[0];
  return target && { target, group: 'classifier' };
}

function ownSteps(config: Config, { route, routing }: Drawn): Step[] {
  const { targets, fallback, type } = route;
  const any = (list: readonly RouteTarget[]) => list.map((target) => asStep(target, 'any'));
  if (routing.fallback === false) return any(targets.slice(0, 1));
  if (routing.fallback) {
    const allowed = routing.fallback.flatMap((name) => findTargets(config, type, name) ?? []);
    return any([...targets.slice(0, 1), ...allowed]);
  }
  return [
    ...any([...targets, ...otherArms(config, type, routing)]),
    ...listOf(fallback.contextWindow).map((target) => asStep(target, 'contextWindow')),
    ...listOf(fallback.contentFilter).map((target) => asStep(target, 'contentFilter')),
  ];
}

function asStep(target: RouteTarget, group: StepGroup): Step {
  return { target, group };
}

function listOf(places: boolean | readonly RouteTarget[]): readonly RouteTarget[] {
  return typeof places === 'boolean' ? [] : places;
}

function otherArms({ routes }: Config, type: CallType, { arm }: Routing): RouteTarget[] {
  const choice = arm && routes[type][arm.split]?.choice;
  if (!arm || choice?.kind !== 'split') return [];
  const others = choice.arms.filter(({ model, weight }) => model !== arm.model && weight > 0);
  return others.flatMap(({ model }) => routes[type][model]?.targets ?? []);
}

/** The targets that a name of a client's `fallback` stands for: those of a model or app, or the one `provider/model`. */
export function findTargets(
  { routes }: Pick<Config, 'routes'>,
  type: CallType,
  name: string,
): readonly RouteTarget[] | undefined {
  const ofType = routes[type];
  const route = Object.hasOwn(ofType, name) ? ofType[name] : undefined;
  if (route) return route.targets;
  for (const { targets } of Object.values(ofType)) {
    const target = targets.find((each) => `${each.provider.name}/${each.model}` === name);
    if (target) return [target];
  }
  return undefined;
}
