import { maskKey } from '@sluice/config';
import { checkKeys, type KeyCheck } from '@sluice/providers';

import type { RunJobDeps } from '../run-job-deps.ts';

type Deps = Pick<RunJobDeps, 'config' | 'adapterFor' | 'parkedKeys' | 'log'>;

/**
 * Where the configuration asks for it (`checkKeys`), tries every API key by its provider's free call. A key that is refused
 * is parked at once, so that no job is spent on finding out, and one that works comes back into use. Jobs need not wait for
 * it. Rejects only when Redis does.
 */
export async function checkConfiguredKeys(deps: Deps, signal: AbortSignal): Promise<void> {
  if (!deps.config.checkKeys) return;
  const checks = await checkKeys(deps.config, { adapterFor: deps.adapterFor, signal });
  for (const check of checks) await note(check, deps);
}

async function note(
  { provider, apiKey, apps, state, error }: KeyCheck,
  { parkedKeys, log }: Deps,
): Promise<void> {
  const key = apiKey === undefined ? 'no key' : maskKey(apiKey);
  const whose = { provider: provider.name, key, ...(apps.length > 0 && { apps }), state };
  if (state === 'works') {
    log.info(whose, 'a key was tried and works');
    if (apiKey !== undefined) await parkedKeys.release(provider, apiKey);
    return;
  }
  log[state === 'refused' ? 'error' : 'warn'](
    { ...whose, reason: error?.message },
    'a key was tried',
  );
  if (state !== 'refused' || apiKey === undefined || !error) return;
  await parkedKeys.park({ provider, model: '', apiKeys: [apiKey] }, apiKey, error);
}
