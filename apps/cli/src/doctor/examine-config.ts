import type { Config, Route } from '@sluice/config';

import { findingsOf, type Finding } from './finding.ts';

/** What a configuration that loads has that its operator should know of. */
export function examineConfig(config: Config, file: string): Finding[] {
  const { ok, warn } = findingsOf('configuration', file);
  const { providers, routes, allowPrivateHosts } = config;
  const { workflow, ...models } = routes;
  const counts = [
    `${Object.keys(providers).length} providers`,
    `${Object.values(models).flatMap((ofType) => Object.keys(ofType)).length} models`,
    `${Object.keys(workflow).length} apps`,
  ];
  const all = Object.values(models).flatMap((ofType) => Object.values(ofType));
  return [
    ok(counts.join(', ')),
    ...(allowPrivateHosts.length > 0
      ? [ok(`webhooks and base URLs may reach ${allowPrivateHosts.join(', ')} although private`)]
      : []),
    ...allowPrivateHosts
      .filter((entry) => entry.endsWith('/0'))
      .map((entry) =>
        warn(`allowPrivateHosts ${entry} lets webhooks reach every address there is`),
      ),
    ...all.flatMap(withoutPrice),
  ];
}

function withoutPrice({ name, targets }: Route): Finding[] {
  const { warn } = findingsOf('model', name);
  return targets
    .filter(({ price }) => price === undefined)
    .map(({ provider, model }) =>
      warn(
        `no price of ${provider.name}/${model} is known: its cost is shown as unknown; set price`,
      ),
    );
}
