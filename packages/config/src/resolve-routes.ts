import { defaultOptions, kindFacts } from './adapter-kinds.ts';
import { allKeys } from './api-key.ts';
import type { Config, FallbackRules, Provider, Route, RouteTarget } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import type { PathProblem } from './interpolate.ts';
import { cacheOf } from './cache-section.ts';
import { atLeastOne, laneOf, providerOf, type Context } from './resolve-context.ts';
import type { FactSources } from './resolve-facts.ts';
import { createLaneRegistry } from './resolve-lanes.ts';
import { modelsOf } from './choice.ts';
import { resolveModels, resolveSplit } from './resolve-models.ts';
import { defaultRetry, resolveRetry } from './resolve-retry.ts';
import { toMs } from './to-ms.ts';

type ResolvedRoutes = Pick<Config, 'providers' | 'routes' | 'lanes' | 'retry'> & {
  problems: PathProblem[];
};

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
    targets: new Map(),
  };
  const models = resolveModels(context);
  const workflow = resolveApps(context);
  const { lanes, problems } = context.lanes;
  return { providers: context.providers, routes: { ...models, workflow }, lanes, retry, problems };
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

/** An app's prompt is its own affair, and each of its targets is the same app. */
const appFallback: FallbackRules = {
  allowDearer: false,
  contextWindow: false,
  contentFilter: false,
};

type AppSection = ConfigFile['apps'][string];

/** Apps by name; those with a split share the targets of their arms. */
function resolveApps(context: Context): Record<string, Route> {
  const { apps } = context.file;
  const plain = Object.entries(apps).filter(([, { split }]) => !split);
  const routes = Object.fromEntries(
    plain.map(([name, app]) => [name, resolveApp(name, app, context)]),
  );
  return mapRecord(apps, (name, { split }) => {
    const route = routes[name];
    if (route) return route;
    if (!split) throw new Error(`app ${name} was not checked`);
    const arms = split.arms.map(({ app, weight }) => ({ model: app, weight }));
    const choice = resolveSplit(name, { ...split, arms });
    const targets = modelsOf(choice).flatMap((arm) => routes[arm]?.targets ?? []);
    const shared = { type: 'workflow', cache: undefined, fallback: appFallback } as const;
    return { name, ...shared, targets: atLeastOne(targets), choice };
  });
}

function resolveApp(name: string, app: AppSection, context: Context): Route {
  const { targets: given, provider = '' } = app;
  const sections = given ?? [{ ...app, provider, retry: undefined }];
  const retry = resolveRetry(app.retry ?? {}, context.retry);
  const targets = sections.map((target): RouteTarget => {
    const owner = providerOf(target.provider, context);
    const own = allKeys(target);
    const apiKeys = own.length > 0 ? own : owner.apiKeys;
    return {
      provider: owner,
      model: name,
      apiKeys,
      apiKey: apiKeys[0],
      lane: laneOf({ section: 'apps', name, limits: app.limits }, owner, context),
      price: undefined,
      facts: {},
      dropParams: false,
      retry: resolveRetry(target.retry ?? {}, retry),
      app: { kind: app.kind, onCrash: app.onCrash, sessionTtlMs: toMs(app.sessionSeconds) },
    };
  });
  const cache = app.cache && cacheOf(app.cache);
  return { name, type: 'workflow', targets: atLeastOne(targets), cache, fallback: appFallback };
}

function mapRecord<From, To>(
  record: Record<string, From>,
  map: (name: string, value: From) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(name, value)]),
  );
}
