import type { Provider, RetryPolicy, RouteTarget } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import type { FactSources } from './resolve-facts.ts';
import type { LaneRegistry } from './resolve-lanes.ts';

/** What routes are made from. */
export interface Context {
  file: ConfigFile;
  providers: Record<string, Provider>;
  lanes: LaneRegistry;
  facts: FactSources;
  retry: RetryPolicy;
  /** Targets of the models that were resolved so far. */
  targets: Map<string, RouteTarget[]>;
}

/** The lane of a model's or app's target; made on first use. */
export function laneOf(
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

export function providerOf(name: string, { providers }: Context): Provider {
  const provider = providers[name];
  if (!provider) throw new Error(`provider ${name} was not checked`);
  return provider;
}

export function atLeastOne<Item>(items: readonly Item[]): [Item, ...Item[]] {
  const [first, ...rest] = items;
  if (!first) throw new Error('the schema allows no empty list');
  return [first, ...rest];
}
