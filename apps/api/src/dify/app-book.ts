import type { Config } from '@sluice/config';
import type { Clock } from '@sluice/runtime';

import { createAppClient, type AppClient } from './app-client.ts';

/** What Dify says of an app: the form of its inputs, its name and kind, the icons of its tools, its page. */
export type AppFacts = 'parameters' | 'info' | 'meta' | 'site';

/** The configured apps at their upstreams. */
export interface AppBook extends AppClient {
  /** Facts of an app, asked at most once a minute for each. @throws SluiceError of the upstream. */
  read(app: string, what: AppFacts): Promise<unknown>;
}

const keptMs = 60_000;

/** Ends with `closing`. */
export function createAppBook(
  { config, clock }: { config: Config; clock: Clock },
  closing: AbortSignal,
): AppBook {
  const client = createAppClient(config, closing);
  const kept = new Map<string, { atMs: number; value: Promise<unknown> }>();
  return {
    ...client,
    async read(app, what) {
      const key = `${what} ${app}`;
      const known = kept.get(key);
      if (known && clock.now() - known.atMs < keptMs) return await known.value;
      const value = client.ask(app, { method: 'GET', path: `/${what}` });
      kept.set(key, { atMs: clock.now(), value });
      // What failed is asked again; whoever waits is told.
      value.catch(() => kept.delete(key));
      return await value;
    },
  };
}
