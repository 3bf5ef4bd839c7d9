import type { ModelType } from '@sluice/contracts';

import { modelsOf, type Router, type Split } from './choice.ts';
import type { FallbackRules, RetryPolicy, Route, RouteTarget } from './config.ts';
import type { ConfigFile, TargetSection } from './config-file.ts';
import { resolveFacts } from './resolve-facts.ts';
import { cacheOf } from './cache-section.ts';
import { atLeastOne, laneOf, providerOf, type Context } from './resolve-context.ts';
import { resolveRetry } from './resolve-retry.ts';
import type { RouterSection, SplitSection } from './routing-sections.ts';

type ModelSection = ConfigFile['models'][string];
type PlacesSection = NonNullable<ModelSection['fallback']>['contextWindow'];

/** Routes of all models by their type. Needs a file whose references were checked: no alias leads back to itself. */
export function resolveModels(context: Context): Record<ModelType, Record<string, Route>> {
  const names = Object.keys(context.file.models);
  const routes = names.map((name) => resolveModel(name, context));
  const ofType = (type: ModelType) =>
    Object.fromEntries(routes.filter((r) => r.type === type).map((route) => [route.name, route]));
  return {
    chat: ofType('chat'),
    embedding: ofType('embedding'),
    rerank: ofType('rerank'),
    transcription: ofType('transcription'),
  };
}

function resolveModel(name: string, context: Context): Route {
  const model = sectionOf(name, context);
  const { type } = model;
  const twin = twinOf(model);
  const inherited = twin === undefined ? undefined : sectionOf(twin, context);
  const cache = model.cache ?? inherited?.cache;
  const choice = choiceOf(name, model);
  const targets = choice
    ? modelsOf(choice).flatMap((chosen) => targetsOf(chosen, context))
    : targetsOf(name, context);
  return {
    name,
    type,
    targets: atLeastOne(targets),
    cache: cache && cacheOf(cache),
    fallback: fallbackOf(model.fallback ?? inherited?.fallback, name, context),
    ...(choice && { choice }),
  };
}

/** The model that this one is but another name of: what it does not say itself, it has from there. */
function twinOf({ targets = [] }: ModelSection): string | undefined {
  return targets.length === 1 ? targets[0]?.alias : undefined;
}

/** The model's targets in order, those of the models it names in their places, each with its own lane, price and retries. */
function targetsOf(name: string, context: Context): RouteTarget[] {
  const known = context.targets.get(name);
  if (known) return known;
  const model = sectionOf(name, context);
  const choice = choiceOf(name, model);
  const targets = choice
    ? modelsOf(choice).flatMap((chosen) => targetsOf(chosen, context))
    : resolveList(model.targets ?? [], name, context);
  context.targets.set(name, targets);
  return targets;
}

function resolveList(
  sections: readonly TargetSection[],
  name: string,
  context: Context,
): RouteTarget[] {
  return sections.flatMap((section) => {
    if (section.alias === undefined) return [resolveTarget(section, name, context)];
    const { retry: changed } = section;
    const targets = targetsOf(section.alias, context);
    if (!changed) return targets;
    return targets.map((target) => ({ ...target, retry: resolveRetry(changed, target.retry) }));
  });
}

function resolveTarget(section: TargetSection, name: string, context: Context): RouteTarget {
  const model = sectionOf(name, context);
  const upstream = { ...section, provider: section.provider ?? '', model: section.model ?? '' };
  const shared = providerOf(upstream.provider, context);
  const provider = { ...shared, options: { ...shared.options, ...section.options } };
  return {
    provider,
    model: upstream.model,
    apiKeys: provider.apiKeys,
    apiKey: provider.apiKeys[0],
    lane: laneOf({ section: 'models', name, limits: model.limits }, provider, context),
    ...resolveFacts(upstream, model, provider, context.facts),
    dropParams: model.dropParams === true,
    ...(Array.isArray(model.dropParams) && { omitParams: model.dropParams }),
    retry: retryOf([model.retry, section.retry], context),
  };
}

/** Each section over the one before it, all over that of the file. */
function retryOf(sections: (ModelSection['retry'] | undefined)[], context: Context): RetryPolicy {
  return sections.reduce<RetryPolicy>(
    (inherited, section) => resolveRetry(section ?? {}, inherited),
    context.retry,
  );
}

function fallbackOf(
  section: ModelSection['fallback'],
  name: string,
  context: Context,
): FallbackRules {
  const places = (given: PlacesSection): boolean | RouteTarget[] =>
    typeof given === 'boolean' ? given : resolveList(given, name, context);
  return {
    allowDearer: section?.allowDearer ?? false,
    contextWindow: places(section?.contextWindow ?? true),
    contentFilter: places(section?.contentFilter ?? false),
  };
}

function choiceOf(name: string, { router, split }: ModelSection): Router | Split | undefined {
  if (router) return resolveRouter(router);
  return split && resolveSplit(name, split);
}

function resolveRouter({ rules, classifier, default: otherwise }: RouterSection): Router {
  return {
    kind: 'router',
    rules: rules.map(({ name, model, when }, index) => ({
      name: name ?? `rules[${index}]`,
      model,
      // zod leaves an absent key out.
      when: when as Router['rules'][number]['when'],
    })),
    classifier: classifier && {
      model: classifier.model,
      timeoutMs: Math.round(classifier.timeoutSeconds * 1_000),
      models: {
        simple: classifier.simple,
        medium: classifier.medium,
        complex: classifier.complex,
      },
    },
    default: otherwise,
  };
}

/** A split as it is chosen by; `name` is that of the model or app that has it. */
export function resolveSplit(
  name: string,
  { arms, stickyBy, salt, rollback }: SplitSection,
): Split {
  return {
    kind: 'split',
    arms: atLeastOne(arms),
    stickyBy,
    salt: salt ?? name,
    rollback: rollback && {
      windowMs: Math.round(rollback.windowSeconds * 1_000),
      minCalls: rollback.minCalls,
      ...(rollback.errorRate !== undefined && { errorRate: rollback.errorRate }),
      ...(rollback.latencyFactor !== undefined && { latencyFactor: rollback.latencyFactor }),
      ...(rollback.costFactor !== undefined && { costFactor: rollback.costFactor }),
    },
  };
}

function sectionOf(name: string, { file }: Context): ModelSection {
  const section = file.models[name];
  if (!section) throw new Error(`model ${name} was not checked`);
  return section;
}
