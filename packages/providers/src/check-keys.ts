import type { Config, Provider } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';

import type { ProviderAdapter } from './adapter.ts';

/** One key of one provider. */
export interface Account {
  provider: Provider;
  /** Undefined for a provider that has none. */
  apiKey: string | undefined;
  /** The apps whose key it is; empty for a key of the provider itself. */
  apps: string[];
}

/** What a free call with a key says of it. Only `refused` is about the key for certain. */
export type KeyState = 'works' | 'refused' | 'unclear' | 'failed';

export interface KeyCheck extends Account {
  state: KeyState;
  /** Why it does not simply work; the message never has the key in it. */
  error: SluiceError | undefined;
}

interface CheckKeysDeps {
  adapterFor: (kind: string) => ProviderAdapter;
  signal: AbortSignal;
}

/**
 * Tries every key with the cheapest call its provider has: a page of the model list, or what a Dify app is called. All at
 * once, each at most ten seconds without progress. Never rejects for what an upstream does.
 */
export async function checkKeys(
  config: Pick<Config, 'providers' | 'routes'>,
  deps: CheckKeysDeps,
): Promise<KeyCheck[]> {
  const checks = await Promise.all(accountsOf(config).map((account) => check(account, deps)));
  const proven = checks.filter(({ state, apiKey }) => state === 'works' && apiKey !== undefined);
  const providers = new Set(proven.map(({ provider }) => provider));
  const open = new Set<Provider>();
  await Promise.all(
    [...providers].map(async (provider) => {
      const { state } = await check({ provider, apiKey: undefined, apps: [] }, deps);
      if (state === 'works') open.add(provider);
    }),
  );
  return checks.map((done) => (open.has(done.provider) ? unproven(done) : done));
}

/** Every key that calls may carry, each once, in the order of the configuration; a provider without one stands for itself. */
function accountsOf({ providers, routes }: Pick<Config, 'providers' | 'routes'>): Account[] {
  return Object.values(providers).flatMap((provider): Account[] => {
    const appsByKey = new Map<string, string[]>(provider.apiKeys.map((key) => [key, []]));
    for (const { name, targets } of Object.values(routes.workflow)) {
      const keys = targets
        .filter((target) => target.provider.name === provider.name)
        .flatMap(({ apiKeys }) => apiKeys);
      for (const key of keys) appsByKey.set(key, [...(appsByKey.get(key) ?? []), name]);
    }
    if (appsByKey.size === 0) return [{ provider, apiKey: undefined, apps: [] }];
    return [...appsByKey].map(([apiKey, apps]) => ({ provider, apiKey, apps }));
  });
}

async function check(account: Account, deps: CheckKeysDeps): Promise<KeyCheck> {
  const { provider, apiKey } = account;
  const { checkCredentials, listModels } = deps.adapterFor(provider.kind);
  try {
    const call = checkCredentials ?? listModels;
    if (!call) throw new SluiceError('upstream_not_found', `${provider.name} has no free call`);
    await call({ provider, apiKey, signal: deps.signal });
    return { ...account, state: 'works', error: undefined };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { ...account, state: stateAfter(error, provider), error };
  }
}

/**
 * A 403 and OpenAI's missing scope are no verdict: a key may be good for calls and yet not for the list. Nor is a 429, nor
 * a compatible server that has no list at all.
 */
function stateAfter(error: SluiceError, { kind }: Provider): KeyState {
  const { code, upstreamStatus, message } = error;
  if (code === 'rate_limited' || upstreamStatus === 403) return 'unclear';
  if (/missing scopes/i.test(message)) return 'unclear';
  if (code === 'upstream_auth' || code === 'quota_exceeded') return 'refused';
  const hasNoList = upstreamStatus === 404 || upstreamStatus === 405;
  return hasNoList && kind === 'openai-compatible' ? 'unclear' : 'failed';
}

/** OpenRouter and many local servers list their models to anybody. */
function unproven(done: KeyCheck): KeyCheck {
  if (done.state !== 'works') return done;
  const message = `${done.provider.name} answers without a key too, so whether it accepts this one is seen by the first job`;
  return { ...done, state: 'unclear', error: new SluiceError('upstream_auth', message) };
}
