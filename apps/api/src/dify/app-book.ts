import type { Config } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import type { AppCall, ProviderAdapter } from '@sluice/providers';
import type { Clock } from '@sluice/runtime';

/** What an upstream says of the configured apps, asked at most once a minute for each. */
export interface AppBook {
  /** @throws SluiceError of the upstream. */
  read(app: string, what: AppCall['what']): Promise<Record<string, unknown>>;
}

const keptMs = 60_000;
const deadlineMs = 15_000;

/** The adapters are loaded with the first question: an API that nobody asks about apps needs none. Ends with `closing`. */
export function createAppBook(
  { config, clock }: { config: Config; clock: Clock },
  closing: AbortSignal,
): AppBook {
  const kept = new Map<string, { atMs: number; value: Promise<Record<string, unknown>> }>();
  let opening: Promise<(kind: string) => ProviderAdapter> | undefined;
  const ask = async (app: string, what: AppCall['what']) => {
    const adapterFor = await (opening ??= openAdapters(config, closing));
    return await readApp(app, what, { config, adapterFor, closing });
  };
  return {
    async read(app, what) {
      const key = `${what} ${app}`;
      const known = kept.get(key);
      if (known && clock.now() - known.atMs < keptMs) return await known.value;
      const value = ask(app, what);
      kept.set(key, { atMs: clock.now(), value });
      // What failed is asked again; whoever waits is told.
      value.catch(() => kept.delete(key));
      return await value;
    },
  };
}

async function openAdapters(config: Config, closing: AbortSignal) {
  const { createAdapters, createHttpClient } = await import('@sluice/providers');
  const http = createHttpClient({
    connections: { allowPrivateHosts: config.upstreamHosts, proxy: config.proxy },
  });
  // Nobody waits for idle connections when the process stops.
  closing.addEventListener('abort', () => void http.dispatcher.destroy(), { once: true });
  return createAdapters(http);
}

async function readApp(
  app: string,
  what: AppCall['what'],
  {
    config,
    adapterFor,
    closing,
  }: { config: Config; adapterFor: (kind: string) => ProviderAdapter; closing: AbortSignal },
): Promise<Record<string, unknown>> {
  const target = config.routes.workflow[app]?.targets[0];
  const adapter = target && adapterFor(target.provider.kind);
  if (!target || !adapter?.readApp) {
    throw new SluiceError('app_not_found', `app "${app}" is none of Dify`, { param: 'app' });
  }
  const { provider, apiKey } = target;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(deadlineMs)]);
  return await adapter.readApp({ provider, apiKey, signal, what });
}
