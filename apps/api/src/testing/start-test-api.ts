import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';

import type { Config, Provider, Route } from '@sluice/config';
import type { JobView } from '@sluice/contracts';
import { Lanes } from '@sluice/queue';
import { createRecords, shardOf, type Records } from '@sluice/records';
import { createLogger, systemClock } from '@sluice/runtime';
import { testRedis } from '@sluice/testing';

import { startApi } from '../start-api.ts';

/** As of `fetch`, with plain headers. */
export type CallOptions = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** A running API on a port of its own, and the means to play the worker. */
export interface TestApi {
  url: string;
  config: Config;
  redis: Redis;
  records: Records;
  lanes: Lanes;
  /** A request with the admin key. */
  call(path: string, init?: CallOptions): Promise<Response>;
  /** `POST /v1/jobs` with the body as JSON. */
  submit(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The view of a job that was accepted. */
  accepted(body: unknown, headers?: Record<string, string>): Promise<JobView>;
  close(): Promise<void>;
}

export const chatBody = {
  type: 'chat',
  model: 'test-chat',
  input: { messages: [{ role: 'user', content: 'Say hello' }] },
} as const;

export const workflowBody = {
  type: 'workflow',
  app: 'test-app',
  input: { inputs: { topic: 'queues' } },
} as const;

export const batchBody = {
  type: 'batch',
  input: {
    requests: [
      { type: 'chat', custom_id: 'a', model: 'test-chat', input: chatBody.input },
      { type: 'workflow', app: 'test-app', input: workflowBody.input },
    ],
  },
} as const;

/** Keys without a TTL that somebody trims. */
export const ownedKeys = [
  /\}\/(live|loads|retained|tenant:|job:|timeline:|outbox)/,
  /\}:/,
  /\}\/batch:/,
  /:tenants\}\//,
  /:webhooks:[^}]+\}\//,
  /\}\/subscribers/,
  /\}\/(ledger|counted)$/,
  /\}\/(file:|parts:|files:|file-ends|file-bytes|batches:|ended:)/,
  /:budgets\}\//,
];

/** Starts the API on a free port with keys of its own; it is closed when the test ends. */
export async function startTestApi(
  change: (config: Config) => Config = (same) => same,
): Promise<TestApi> {
  const { redis, url: redisUrl, root } = await testRedis({ ownedKeys });
  const config = change(testConfig({ redisUrl, root }));
  const api = await startApi({ config, log: createLogger({ name: 'api', level: 'silent' }) });
  const lanes = openLanes(redis, config);
  const close = once(async () => {
    await Promise.all([api.close(), lanes.close()]);
  });
  onTestFinished(close);
  return {
    url: api.url,
    config,
    redis,
    records: createRecords({ redis, ...config, clock: systemClock, config: config.jobs }),
    lanes,
    ...client(api.url, config.adminKey ?? ''),
    close,
  };
}

function client(url: string, key: string): Pick<TestApi, 'call' | 'submit' | 'accepted'> {
  const call: TestApi['call'] = (path, { headers, ...init } = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...headers } });
  const submit: TestApi['submit'] = (body, headers) =>
    call('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return {
    call,
    submit,
    async accepted(body, headers) {
      const response = await submit(body, headers);
      if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as JobView;
    },
  };
}

function openLanes(redis: Redis, { root, shards, lanes }: Config): Lanes {
  return new Lanes({
    redis,
    root,
    shards,
    lanes: Object.values(lanes),
    shardOf: (jobId) => shardOf(jobId) ?? 0,
    clock: systemClock,
  });
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}

/** One provider, one chat model and one Dify app. */
export function testConfig(where: { redisUrl: string; root: string }): Config {
  const retry = { maxAttempts: 3, initialDelayMs: 10, maxDelayMs: 100 };
  const lane = (name: string) => ({ name, buckets: [], concurrency: undefined });
  return {
    ...where,
    shards: 1,
    server: { host: '127.0.0.1', port: 0, maxBodyBytes: 1_048_576, maxConnections: 10_000 },
    adminKey: randomBytes(24).toString('hex'),
    dataDir: '.data',
    checkKeys: false,
    providers: { test: provider },
    routes: {
      chat: { 'test-chat': route('chat', 'test-chat', 'chat-lane') },
      embedding: { 'test-embedding': route('embedding', 'test-embedding', 'chat-lane') },
      rerank: {},
      transcription: {},
      workflow: { 'test-app': route('workflow', 'test-app', 'app-lane') },
    },
    lanes: { 'chat-lane': lane('chat-lane'), 'app-lane': lane('app-lane') },
    tenants: {},
    files: {
      storage: { kind: 'disk', folder: join(tmpdir(), `sluice-files-${where.root}`) },
      maxFileBytes: 4 * 1024 ** 2,
      retentionMs: 3_600_000,
    },
    batches: { maxLines: 1_000, maxLineBytes: 65_536, window: 100, pollMs: 10 },
    jobs: {
      maxWaitMs: 60_000,
      timeoutMs: 600_000,
      attemptTimeoutMs: 30_000,
      retentionMs: 3_600_000,
      idempotencyTtlMs: 3_600_000,
    },
    sessions: { maxTokens: 8_000, ttlMs: 3_600_000 },
    retry,
    webhooks: {
      scheduleMs: [0],
      timeoutMs: 1_000,
      disableAfterMs: 60_000,
      maxPayloadBytes: 262_144,
      endpointConcurrency: 10,
      endpointRequestsPerSecond: 1_000,
    },
    allowPrivateHosts: [],
    upstreamHosts: [],
    masterKeys: [],
    proxy: { http: undefined, https: undefined, except: undefined },
    worker: { concurrency: 10, graceMs: 1_000 },
    usage: { maxRows: 1_000, anomaly: { factor: 3, minUsd: 10 } },
    budgets: {},
  };
}

const provider: Provider = {
  name: 'test',
  kind: 'openai',
  baseUrl: 'http://127.0.0.1:9',
  apiKeys: ['sk-provider-secret-canary'],
  headers: {},
  options: {},
  warm: false,
  timeouts: { firstByteMs: 1_000, idleMs: 1_000 },
};

function route(type: Route['type'], name: string, lane: string): Route {
  const target = {
    provider,
    model: name,
    apiKeys: provider.apiKeys,
    apiKey: provider.apiKeys[0],
    lane,
    price: undefined,
    facts: {},
    dropParams: false,
    retry: { maxAttempts: 3, initialDelayMs: 10, maxDelayMs: 100 },
  };
  const fallback = { allowDearer: false, contextWindow: true, contentFilter: false };
  return { name, type, targets: [target], cache: undefined, fallback };
}
