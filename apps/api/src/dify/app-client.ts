import type { Config, RouteTarget } from '@sluice/config';
import { SluiceError } from '@sluice/contracts';
import type { AppCall, ProviderAdapter } from '@sluice/providers';

/** A call of Dify's API about an app. */
export type AppQuestion = Pick<AppCall, 'method' | 'path' | 'query' | 'body'> & {
  /** Whether Dify asks a model for the answer, which takes its time. */
  asksModel?: boolean | undefined;
};

/** Calls that run no app go straight to Dify: there is nothing to queue, to limit or to buy. */
export interface AppClient {
  /** What Dify says, as it says it; `undefined` where that is nothing. @throws SluiceError of the upstream. */
  ask(app: string, question: AppQuestion): Promise<unknown>;
}

const usualMs = 15_000;
const modelMs = 60_000;

/** The adapters are loaded with the first question: an API that nobody asks about apps needs none. Ends with `closing`. */
export function createAppClient(config: Config, closing: AbortSignal): AppClient {
  let opening: Promise<(kind: string) => ProviderAdapter> | undefined;
  return {
    async ask(app, question) {
      const adapterFor = await (opening ??= openAdapters(config, closing));
      const targets = config.routes.workflow[app]?.targets ?? [];
      return await askInTurn(targets, (target) => {
        const adapter = adapterFor(target.provider.kind);
        if (adapter.askApp) return askTarget(adapter.askApp, target, { question, closing });
        throw new SluiceError('app_not_found', `app "${app}" is none of Dify`, { param: 'app' });
      });
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

/**
 * Asks one target after the other until one answers: a conversation is where it began, which was the backup if the first target
 * could not be reached then. It is absent only if that is what all of them say.
 */
async function askInTurn(
  targets: readonly RouteTarget[],
  ask: (target: RouteTarget) => Promise<unknown>,
): Promise<unknown> {
  let failure: SluiceError | undefined;
  for (const target of targets) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      return await ask(target);
    } catch (thrown) {
      const error = SluiceError.from(thrown);
      if (error.code === 'upstream_invalid_request') throw error;
      if (!failure || failure.code === 'upstream_not_found') failure = error;
    }
  }
  throw failure ?? new SluiceError('app_not_found', 'there is no such app', { param: 'app' });
}

async function askTarget(
  askApp: NonNullable<ProviderAdapter['askApp']>,
  { provider, apiKey }: RouteTarget,
  {
    question: { asksModel = false, ...call },
    closing,
  }: { question: AppQuestion; closing: AbortSignal },
): Promise<unknown> {
  const withinMs = asksModel ? modelMs : usualMs;
  const late = new AbortController();
  const timer = setTimeout(() => {
    const message = `${provider.name} did not answer within ${withinMs / 1_000} s`;
    late.abort(new SluiceError('upstream_timeout', message));
  }, withinMs);
  try {
    const signal = AbortSignal.any([closing, late.signal]);
    return await askApp({ ...call, provider, apiKey, signal, withinMs });
  } finally {
    clearTimeout(timer);
  }
}
