import type { AppKind, Budget, CallType, TenantCaps } from '@sluice/contracts';

import type { CachePolicy } from './cache-policy.ts';
import type { Router, Split } from './choice.ts';

/**
 * What the rest of Sluice sees of `sluice.config.yaml` and the environment: validated, with every default filled in and
 * every name resolved. Read once when a process starts.
 */
export interface Config {
  /** Root of all Redis keys: `sluice`; tests use one of their own. */
  root: string;
  /** How many hash slots jobs are spread over. Part of every key: it cannot change while jobs exist. */
  shards: number;
  redisUrl: string;
  /** For TLS, as PEM; `undefined` for what the system trusts. */
  redisTls?: { ca?: string; cert?: string; key?: string } | undefined;
  server: {
    host: string;
    port: number;
    /** Of a job; requests that only manage something have 64 KiB. */
    maxBodyBytes: number;
    /** Open at once; one more is closed as it comes. */
    maxConnections: number;
    /** Of each key that has no rate of its own, in one API process; `undefined` is no limit. */
    requestsPerSecondPerKey?: number | undefined;
    /** Where clients reach the API, for links in webhooks; without a trailing slash. */
    publicUrl?: string | undefined;
  };
  /** Encryption at rest: the first wraps the tenants' data keys, every one unwraps them. None: off. */
  masterKeys: readonly { id: string; bytes: Buffer }[];
  /** `undefined` only in processes that do not serve HTTP. */
  adminKey: string | undefined;
  dataDir: string;
  providers: Record<string, Provider>;
  /** Models by their type, Dify apps as `workflow`; each by its public name, which no other model has. */
  routes: Record<CallType, Record<string, Route>>;
  lanes: Record<string, Lane>;
  jobs: {
    /** A job whose first attempt has not started by then ends as `expired`. */
    maxWaitMs: number;
    /** A job that has not ended by then ends as `expired`, whatever it does. */
    timeoutMs: number;
    /** Whole time of one attempt. */
    attemptTimeoutMs: number;
    /** How long an ended job can be read. */
    retentionMs: number;
    /** How long an Idempotency-Key is remembered. */
    idempotencyTtlMs: number;
  };
  /** Conversations of chat jobs that name a session. */
  sessions: {
    /** What is remembered of one, in tokens as they are estimated from bytes. */
    maxTokens: number;
    /** How long one is remembered that nobody uses. */
    ttlMs: number;
  };
  /** Files that clients upload, and those that batches write. */
  files: {
    storage: FileStorage;
    maxFileBytes: number;
    /** Of all files of a tenant; `undefined` is no limit. */
    maxTenantBytes?: number | undefined;
    /** How long a file of a batch stays, where its owner says nothing else. */
    retentionMs: number;
  };
  /** Batches of a file. */
  batches: {
    maxLines: number;
    maxLineBytes: number;
    /** Requests of one batch that are in the lanes at a time. */
    window: number;
    /** First pause between two questions of how far a batch at a vendor is; they grow to twelve times that. */
    pollMs: number;
  };
  retry: RetryPolicy;
  /** What a tenant may have at most, unless an operator has given it caps of its own. */
  tenants: TenantCaps;
  webhooks: {
    /** Pause before each delivery attempt; the length is the number of attempts. */
    scheduleMs: number[];
    timeoutMs: number;
    /** An endpoint from which nothing but failures came for so long is disabled. */
    disableAfterMs: number;
    /** A larger event goes out thin: with a link in place of the result. */
    maxPayloadBytes: number;
    /** POSTs of one worker process to one endpoint: at a time, and a second. */
    endpointConcurrency: number;
    endpointRequestsPerSecond: number;
  };
  /** Try every API key when a worker starts. */
  checkKeys: boolean;
  /** Hosts and CIDRs that webhooks may reach although private. */
  allowPrivateHosts: string[];
  /** The same for providers: beside them the hosts of base URLs that no file gave. */
  upstreamHosts: string[];
  /** Proxies for calls of providers, from the environment; `except` is a list as in `NO_PROXY`. */
  proxy: { http: string | undefined; https: string | undefined; except: string | undefined };
  worker: {
    concurrency: number;
    /** How long calls in flight may go on after SIGTERM before their tickets are given back. */
    graceMs: number;
  };
  /** What may be spent, by scope: `tenant:<id>`, `provider:<name>`. Operators set others over them. */
  budgets: Record<string, Budget>;
  usage: {
    /** Rows that a bucket of time keeps apart by user or tag; beyond, new ones are counted as `(other)`. */
    maxRows: number;
    /** A tenant's hour that costs more than `factor` usual ones, and at least `minUsd`, is told of. */
    anomaly: { factor: number; minUsd: number };
  };
}

/** Where the bytes of files are: a folder that all processes share, or a bucket. */
export type FileStorage =
  | { kind: 'disk'; folder: string }
  | {
      kind: 's3';
      bucket: string;
      region: string;
      /** Of a service other than Amazon's. */
      endpoint?: string | undefined;
      /** Absent: as the AWS SDK finds them (environment, profile, role). */
      credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
      /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
      pathStyle: boolean;
      /** Before every key; empty, or ends with a slash. */
      prefix: string;
    };

/** One upstream account. */
export interface Provider {
  name: string;
  /** Name of the adapter in packages/providers. */
  kind: string;
  /** Without a trailing slash. */
  baseUrl: string;
  /** Keys of the account, which take turns; empty for an upstream that wants none. */
  apiKeys: readonly string[];
  headers: Record<string, string>;
  /** What only this kind of adapter knows, defaults filled in: `kind.json` of its folder lists them. */
  options: Record<string, string>;
  /** Open a connection when a worker starts. */
  warm: boolean;
  timeouts: {
    /** Until the first byte of the reply. */
    firstByteMs: number;
    /** Without progress inside a stream; keep-alive bytes are no progress. */
    idleMs: number;
  };
}

/** One provider and one upstream model, or one Dify app. */
export interface Target {
  provider: Provider;
  /** The upstream's name of the model; for Dify the public name of the app. */
  model: string;
  /** The keys that may be called with: the app's own for Dify, else the provider's. */
  apiKeys: readonly string[];
  /** The key of one call: the first of `apiKeys`, unless whoever makes the call chose another. */
  apiKey: string | undefined;
  lane: string;
  price: Price | undefined;
  /** Where the price is from and of when, as `built-in 2026-11-10`; absent without a price. */
  priceVersion?: string;
  /** What is known of the model. */
  facts: ModelFacts;
  /** Leave out parameters that the upstream cannot take; otherwise a call with one fails. */
  dropParams: boolean;
  /** Parameters that are always left out, by name. */
  omitParams?: readonly string[];
  /** Only of a Dify app. */
  app?: App;
}

/** A target in its place in a model's list. */
export interface RouteTarget extends Target {
  retry: RetryPolicy;
}

/** What a Dify app is. */
export interface App {
  kind: AppKind;
  /**
   * What a job does whose call was sent to the app by a worker that is gone, and that cannot be found again: fail, or
   * call the app once more.
   */
  onCrash: 'fail' | 'rerun';
  /** How long a session that nobody uses keeps its conversation. */
  sessionTtlMs: number;
}

/** US dollars, per million tokens where nothing else is said. */
export interface Price {
  inputPerMillion: number;
  outputPerMillion: number;
  /** Input read from the vendor's prompt cache; without it, as any input. A call is of unknown cost where this is. */
  cachedInputPerMillion?: number | 'unknown';
  /** Input written to the vendor's prompt cache; the same. */
  cacheWriteInputPerMillion?: number | 'unknown';
  /** The same for what is kept for an hour; a call that writes such is of unknown cost without it. */
  cacheWrite1hInputPerMillion?: number | 'unknown';
  /** The price holds for calls with at most this much input; the cost of a longer one is unknown. */
  upToInputTokens?: number;
  /** Of a rerank model that is billed by search units, instead of its tokens. */
  perThousandSearchUnits?: number;
  /** Of a transcription model that is billed by the time of the sound, instead of its tokens. */
  perMinute?: number;
  /** Prices of whole calls with more input than so much. */
  tiers?: readonly PriceTier[];
}

/** As {@link Price}, for calls with more than `aboveInputTokens` of input, all of their tokens included. */
export interface PriceTier extends Omit<
  Price,
  'upToInputTokens' | 'perThousandSearchUnits' | 'perMinute' | 'tiers'
> {
  aboveInputTokens: number;
}

/** What is known of an upstream model. An absent figure is unknown. */
export interface ModelFacts {
  /** Tokens of the longest prompt; with most vendors the reply has to fit in too. */
  contextWindow?: number;
  maxOutputTokens?: number;
  /** Whether it calls tools. */
  tools?: boolean;
  /** Whether it reads images. */
  vision?: boolean;
  /** Whether it takes what steers the choice of tokens, as `temperature`. */
  sampling?: boolean;
}

/** A public name and where its jobs go: the first target, and on failure the next. */
export interface Route {
  name: string;
  type: CallType;
  /** At least one. Of a router or a split: those of the models that it may choose. */
  targets: [RouteTarget, ...RouteTarget[]];
  cache: CachePolicy | undefined;
  fallback: FallbackRules;
  /** Chooses another model for each job. */
  choice?: Router | Split;
}

/** Where jobs of a model may go when a target cannot serve them; `true` is the later targets, `false` nowhere. */
export interface FallbackRules {
  /** Also to a target that is dearer than the first, or whose price is not known. */
  allowDearer: boolean;
  /** A prompt that does not fit. */
  contextWindow: boolean | readonly RouteTarget[];
  /** What the upstream's filter refuses. */
  contentFilter: boolean | readonly RouteTarget[];
}

/** One rate-limit scope = one BullMQ queue. */
export interface Lane {
  /** Letters, digits, `.`, `_` and `-`. */
  name: string;
  buckets: Bucket[];
  /** Calls in flight over all workers; `undefined` is unlimited. */
  concurrency: number | undefined;
  /** What each tenant may use of the lane at most; absent is as much as the lane has. */
  perTenant?: { buckets: Bucket[]; concurrency: number | undefined };
  /** How a call is charged; by default as the provider's kind counts. */
  profile?: ProfileName;
  /** Longest time that a 429 may close the lane for; the upstream's own word counts below it. Ten minutes by default. */
  maxPauseMs?: number;
}

/** What is counted. */
export type Unit = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens';

/** The vendors' ways to charge a call; `plain` counts input and output together. */
export const profileNames = ['openai', 'azure', 'anthropic', 'gemini', 'plain'] as const;
export type ProfileName = (typeof profileNames)[number];

/** One limit of a lane: at most `limit` units in any sliding window of `windowMs`. */
export interface Bucket {
  unit: Unit;
  limit: number;
  windowMs: number;
  /** `smooth` spreads permits over the window; `burst` gives them as fast as they are asked for. */
  pacing: 'smooth' | 'burst';
  /** Counted from one midnight in California to the next instead of in a sliding window; `windowMs` is a day then. */
  resets?: 'pacific midnight';
}

export interface RetryPolicy {
  /** Upstream calls of one target, the first included. */
  maxAttempts: number;
  initialDelayMs: number;
  maxDelayMs: number;
}
