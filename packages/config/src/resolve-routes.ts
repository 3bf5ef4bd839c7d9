import type { ModelType } from '@sluice/contracts';

import { defaultOptions, kindFacts } from './adapter-kinds.ts';
import { allKeys } from './api-key.ts';
import type { Config, Provider, RetryPolicy, Route, Target } from './config.ts';
import type { ConfigFile, RetrySection } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';
import { resolveFacts, type FactSources } from './resolve-facts.ts';
import { createLaneRegistry, type LaneRegistry } from './resolve-lanes.ts';

/** What routes are made from. */
interface Context {
  file: ConfigFile;
  providers: Record<string, Provider>;
  lanes: LaneRegistry;
  facts: FactSources;
  retry: RetryPolicy;
}

type ResolvedRoutes = Pick<Config, 'providers' | 'routes' | 'lanes' | 'retry'> & {
  problems: PathProblem[];
};

const defaultRetry: RetryPolicy = { maxAttempts: 4, initialDelayMs: 500, maxDelayMs: 30_000 };

/**
 * Providers, routes and the lanes they use. A target waits in its provider's lane; one whose model or app has limits of
 * its own waits in `<provider>.<model>` instead. Needs a file whose references were checked.
 */
export function resolveRoutes(file: ConfigFile, facts: FactSources): ResolvedRoutes {
  const retry = resolveRetry(file.retry, defaultRetry);
  const context: Context = {
    file,
    providers: mapRecord(file.providers, resolveProvider),
    lanes: createLaneRegistry(),
    facts,
    retry,
  };
  const models = mapRecord(file.models, (name, model) => resolveModel(name, model, context));
  const workflow = mapRecord(file.apps, (name, app) => resolveApp(name, app, context));
  const routes = { ...groupByType(models), workflow };
  const { lanes, problems } = context.lanes;
  return { providers: context.providers, routes, lanes, retry, problems };
}

function groupByType(models: Record<string, Route>): Record<ModelType, Record<string, Route>> {
  const all = Object.entries(models);
  const ofType = (type: ModelType) => Object.fromEntries(all.filter(([, r]) => r.type === type));
  return {
    chat: ofType('chat'),
    embedding: ofType('embedding'),
    rerank: ofType('rerank'),
    transcription: ofType('transcription'),
  };
}

function resolveProvider(name: string, section: ConfigFile['providers'][string]): Provider {
  const { kind, headers, warm, timeouts } = section;
  const baseUrl = section.baseUrl ?? kindFacts(kind).baseUrl;
  if (baseUrl === undefined) throw new Error(`provider ${name} was not checked`);
  const options = { ...defaultOptions(kind), ...section.options };
  const firstByteMs = toMs(timeouts.firstByteSeconds);
  const idleMs = toMs(timeouts.idleSeconds);
  const apiKeys = allKeys(section);
  return {
    name,
    kind,
    baseUrl,
    apiKeys,
    headers,
    options,
    warm,
    timeouts: { firstByteMs, idleMs },
  };
}

function resolveModel(name: string, model: ConfigFile['models'][string], context: Context): Route {
  const { type } = model;
  const targets = model.targets.map((target): Target => {
    const shared = providerOf(target.provider, context);
    const provider = { ...shared, options: { ...shared.options, ...target.options } };
    return {
      provider,
      model: target.model,
      apiKeys: provider.apiKeys,
      apiKey: provider.apiKeys[0],
      lane: resolveLane({ section: 'models', name, limits: model.limits }, provider, context),
      ...resolveFacts(target, model, provider, context.facts),
      dropParams: model.dropParams === true,
      ...(Array.isArray(model.dropParams) && { omitParams: model.dropParams }),
    };
  });
  return { ...routeOptions(model, context), name, type, targets: atLeastOne(targets) };
}

function resolveApp(name: string, app: ConfigFile['apps'][string], context: Context): Route {
  const sections = app.targets ?? [{ ...app, provider: app.provider ?? '' }];
  const targets = sections.map((target): Target => {
    const provider = providerOf(target.provider, context);
    const own = allKeys(target);
    const apiKeys = own.length > 0 ? own : provider.apiKeys;
    return {
      provider,
      model: name,
      apiKeys,
      apiKey: apiKeys[0],
      lane: resolveLane({ section: 'apps', name, limits: app.limits }, provider, context),
      price: undefined,
      facts: {},
      dropParams: false,
      app: { kind: app.kind, onCrash: app.onCrash, sessionTtlMs: toMs(app.sessionSeconds) },
    };
  });
  return { ...routeOptions(app, context), name, type: 'workflow', targets: atLeastOne(targets) };
}

function resolveLane(
  scope: {
    section: 'models' | 'apps';
    name: string;
    limits: ConfigFile['models'][string]['limits'];
  },
  provider: Provider,
  { file, lanes }: Context,
): string {
  const { section, name, limits } = scope;
  const { kind } = provider;
  if (limits)
    return lanes.use(`${provider.name}.${name}`, { limits, kind, owner: [section, name] });
  const shared = file.providers[provider.name]?.limits;
  if (!shared) throw new Error(`provider ${provider.name} was not checked`);
  return lanes.use(provider.name, { limits: shared, kind, owner: ['providers', provider.name] });
}

function routeOptions(
  section: { cache?: { ttlSeconds: number } | undefined; retry?: RetrySection | undefined },
  context: Context,
): Pick<Route, 'cache' | 'retry'> {
  const cache = section.cache && { ttlMs: toMs(section.cache.ttlSeconds) };
  return { cache, retry: resolveRetry(section.retry ?? {}, context.retry) };
}

/** The section over what it inherits. A delay given here pulls the inherited other one along, so that first ≤ longest. */
function resolveRetry(section: RetrySection, inherited: RetryPolicy): RetryPolicy {
  const { maxAttempts = inherited.maxAttempts, initialDelaySeconds, maxDelaySeconds } = section;
  const initial = initialDelaySeconds === undefined ? undefined : toMs(initialDelaySeconds);
  const max = maxDelaySeconds === undefined ? undefined : toMs(maxDelaySeconds);
  return {
    maxAttempts,
    initialDelayMs: initial ?? Math.min(inherited.initialDelayMs, max ?? Infinity),
    maxDelayMs: max ?? Math.max(inherited.maxDelayMs, initial ?? 0),
  };
}

function providerOf(name: string, { providers }: Context): Provider {
  const provider = providers[name];
  if (!provider) throw new Error(`provider ${name} was not checked`);
  return provider;
}

function atLeastOne(targets: Target[]): [Target, ...Target[]] {
  const [first, ...rest] = targets;
  if (!first) throw new Error('the schema allows no empty list of targets');
  return [first, ...rest];
}

function mapRecord<From, To>(
  record: Record<string, From>,
  map: (name: string, value: From) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(name, value)]),
  );
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1_000);
}
