import type { InvalidateCache } from '@sluice/contracts';

import { createBatches, type Batches } from './batches.ts';
import { createFiles, type Files } from './files.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createSender, readJson, type ClientOptions, type ClientRequest } from './send-request.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

/** Numbers and names of a bucket of `GET /v1/usage`, as the API gives them. */
export interface UsageBucket {
  /** Unix seconds. */
  start_time: number;
  end_time: number;
  results: Record<string, string | number | null>[];
}

export interface UsageQuery {
  /** Of `tenant`, `key`, `model`, `provider`, `app`, `user`, `tag`. */
  groupBy?: readonly string[];
  /** `1m`, `1h`, `1d` (default) or `all`. */
  interval?: string;
  /** ISO 8601 or Unix seconds. */
  from?: string;
  to?: string;
}

/** Sluice over HTTP. Every method rejects with a `SluiceClientError`. */
export interface SluiceClient {
  jobs: Jobs;
  files: Files;
  batches: Batches;
  webhooks: Webhooks;
  /** Calls, tokens, costs and what the cache saved. */
  usage(query?: UsageQuery): Promise<UsageBucket[]>;
  /** Forgets cached replies by what is named; returns what the API says of it. */
  invalidateCache(what: InvalidateCache): Promise<unknown>;
  /** Anything else of the API: its JSON, or the text of what is none. */
  request(request: ClientRequest): Promise<unknown>;
  /** The same as it comes, for what may be long. */
  stream(request: ClientRequest): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** Works wherever there is `fetch`: Node.js 20, Bun, Deno, browsers, edge runtimes. */
export function createClient(options: ClientOptions): SluiceClient {
  const send = createSender(options);
  return {
    jobs: createJobs(send),
    files: createFiles(send),
    batches: createBatches(send),
    webhooks: createWebhooks(send),
    async usage({ groupBy = [], interval = '1d', from, to } = {}) {
      const query = { interval, from, to, limit: 1_500, group_by: groupBy.join(',') || undefined };
      const page = await readJson<{ data: UsageBucket[] }>(
        send({ method: 'GET', path: '/v1/usage', query }),
      );
      return page.data;
    },
    invalidateCache: async (what) =>
      await readJson(
        send({ method: 'POST', path: '/v1/cache/invalidate', body: what, repeatable: true }),
      ),
    request: async (request) => await readJson(send(request)),
    stream: async (request) => (await send(request)).body ?? new Blob([]).stream(),
  };
}
