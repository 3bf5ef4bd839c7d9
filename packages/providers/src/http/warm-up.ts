import type { Provider } from '@sluice/config';

import { baseUrlOf } from './base-url.ts';
import { exchange } from './exchange.ts';
import type { HttpClient } from './http-client.ts';

/**
 * Opens a connection to a provider before the first job needs one: its name is resolved, its certificate checked and its TLS
 * session known then. Sends no key. Resolves whatever the provider answers; rejects as `exchange` does where none does.
 */
export async function warmUp({ dispatcher }: HttpClient, provider: Provider): Promise<void> {
  const { origin, pathname } = baseUrlOf(provider);
  const { firstByteMs, idleMs } = provider.timeouts;
  await exchange<undefined>(
    dispatcher,
    {
      provider: provider.name,
      origin,
      path: pathname,
      method: 'GET',
      headers: { 'user-agent': 'sluice', accept: '*/*' },
      body: undefined,
      firstByteMs,
      idleMs,
      isTooLate: () => false,
      onSent: () => undefined,
      signal: new AbortController().signal,
    },
    () => ({ write: () => 'waiting', end: () => undefined }),
  );
}
