import { modelTypes, type CallType } from '@sluice/contracts';

import { maskKey, maskSecret, maskUrlCredentials } from './api-key.ts';
import type { Bucket, Config, Lane, Provider, Target } from './config.ts';

/** The configuration in short, for the log and for people: no keys, no header values, no passwords. */
export function describeConfig(config: Config): Record<string, unknown> {
  const {
    root,
    shards,
    server,
    dataDir,
    jobs,
    retry,
    webhooks,
    allowPrivateHosts,
    worker,
    usage,
    budgets,
  } = config;
  return {
    root,
    shards,
    redisUrl: maskUrlCredentials(config.redisUrl),
    server,
    adminKey: maskSecret(config.adminKey),
    dataDir,
    providers: mapValues(config.providers, describeProvider),
    models: Object.assign({}, ...modelTypes.map((type) => describeRoutes(config, type))),
    apps: describeRoutes(config, 'workflow'),
    lanes: mapValues(config.lanes, describeLane),
    jobs,
    retry,
    webhooks,
    allowPrivateHosts,
    worker,
    usage,
    budgets,
  };
}

function describeRoutes({ routes }: Config, type: CallType): Record<string, string[]> {
  return mapValues(routes[type], (route) => route.targets.map(describeTarget));
}

function describeProvider(provider: Provider): Record<string, unknown> {
  const { kind, baseUrl, apiKeys, headers, options } = provider;
  return { kind, baseUrl, keys: apiKeys.map(maskKey), headers: Object.keys(headers), options };
}

function describeTarget(target: Target): string {
  const keys =
    target.apiKeys.length === 0 ? 'no key' : `keys ${target.apiKeys.map(maskKey).join(' ')}`;
  return `${target.provider.name}/${target.model} in lane ${target.lane}, ${keys}`;
}

function describeLane(lane: Lane): string[] {
  const { buckets, concurrency } = lane;
  return [
    ...buckets.map(describeBucket),
    ...(concurrency === undefined ? [] : [`concurrency ${concurrency}`]),
  ];
}

function describeBucket({ unit, limit, windowMs, pacing }: Bucket): string {
  return `${limit} ${unit} per ${windowMs / 1_000} s (${pacing})`;
}

function mapValues<From, To>(
  record: Record<string, From>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
