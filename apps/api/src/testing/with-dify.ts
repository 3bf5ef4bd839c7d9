import type { Config } from '@sluice/config';
import type { AppKind } from '@sluice/contracts';

/** The test configuration whose apps are at Dify servers of the test, the later ones backups of the first. */
export function withDify(
  urls: readonly string[],
  apps: Readonly<Record<string, AppKind>>,
): (config: Config) => Config {
  return (config) => {
    const route = config.routes.workflow['test-app'];
    if (!route) throw new Error('the test configuration has an app');
    const [target] = route.targets;
    const workflow = Object.entries(apps).map(([name, kind]) => {
      const app = { kind, onCrash: 'fail', sessionTtlMs: 60_000 } as const;
      const targets = urls.map((url, i) => {
        const provider = {
          ...target.provider,
          name: `dify-${i}`,
          kind: 'dify',
          baseUrl: `${url}/v1`,
        };
        return { ...target, app, provider, apiKeys: [`app-${name}`], apiKey: `app-${name}` };
      });
      return [name, { ...route, name, targets }];
    });
    const routes = { ...config.routes, workflow: Object.fromEntries(workflow) };
    return { ...config, routes, upstreamHosts: ['127.0.0.1'] };
  };
}
