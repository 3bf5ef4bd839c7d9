import { maskKey, type Config, type Provider } from '@sluice/config';
import { checkKeys, type KeyCheck, type ProviderAdapter } from '@sluice/providers';

import { findingsOf, type Finding } from './finding.ts';

export interface CallDeps {
  adapterFor: (kind: string) => ProviderAdapter;
  signal: AbortSignal;
}

/** A provider, and a key of it that nobody refused. */
export interface WorkingKey {
  provider: Provider;
  apiKey: string | undefined;
}

/** Tries every key, and says which providers can be asked for more. */
export async function examineProviders(
  config: Config,
  deps: CallDeps,
): Promise<{ findings: Finding[]; working: WorkingKey[] }> {
  const checks = await checkKeys(config, deps);
  const working = new Map<string, WorkingKey>();
  for (const { provider, apiKey, state } of checks) {
    if (state === 'works' || state === 'unclear') working.set(provider.name, { provider, apiKey });
  }
  return { findings: checks.map(toFinding), working: [...working.values()] };
}

function toFinding({ provider, apiKey, apps, state, error }: KeyCheck): Finding {
  const key = apiKey === undefined ? 'no key' : `key ${maskKey(apiKey)}`;
  const whose = apps.length > 0 ? ` of ${apps.join(', ')}` : '';
  const { ok, warn, fail } = findingsOf('provider', `${provider.name}: ${key}${whose}`);
  switch (state) {
    case 'works':
      return ok(`accepted by ${provider.baseUrl}`);
    case 'unclear':
      return warn(error?.message ?? 'whether it is accepted is not told');
    case 'refused':
      return fail(error?.message ?? 'refused');
    case 'failed':
      return fail(error?.message ?? 'the call failed');
  }
}
