import type { Config } from './config.ts';

/** Every API key that calls of this provider may carry: its own and those of the apps on it, each once. */
export function keysOf(config: Pick<Config, 'providers' | 'routes'>, provider: string): string[] {
  const routes = [...Object.values(config.routes.chat), ...Object.values(config.routes.workflow)];
  const targets = routes.flatMap((route) => route.targets);
  const ofApps = targets.filter((target) => target.provider.name === provider);
  return [
    ...new Set([
      ...(config.providers[provider]?.apiKeys ?? []),
      ...ofApps.flatMap((target) => target.apiKeys),
    ]),
  ];
}
