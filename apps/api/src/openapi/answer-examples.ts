import type {
  ApiKeyView,
  BudgetView,
  DeliveryView,
  EndpointView,
  JobView,
  TenantView,
} from '@sluice/contracts';

/** Answers of the API as the document shows them. The types keep them true. */
const queuedJob: JobView = {
  id: 'job_01kbg3v0x2q7h5m9n4p6r8t0w200',
  object: 'job',
  type: 'chat',
  state: 'queued',
  model: 'sim-chat',
  priority: 'normal',
  created_at: '2026-11-27T10:00:00.000Z',
  deadline_at: '2026-12-04T10:00:00.000Z',
  attempts: [],
};

const job: JobView = {
  ...queuedJob,
  state: 'completed',
  provider: 'simulator',
  started_at: '2026-11-27T10:00:00.020Z',
  ended_at: '2026-11-27T10:00:01.240Z',
  expires_at: '2026-12-04T10:00:01.240Z',
  cache: { status: 'miss' },
  result: {
    type: 'chat',
    message: { role: 'assistant', content: 'Hello!' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  },
  usage: { input_tokens: 8, output_tokens: 3, total_tokens: 11, source: 'provider' },
  cost_usd: '0.000040',
  latency_ms: 1_240,
};

const budget: BudgetView = {
  object: 'budget',
  scope: 'tenant',
  id: 'acme',
  limits: { daily_usd: 25 },
  daily: {
    period: '2026-11-27',
    spent_usd: '3.5',
    remaining_usd: '21.5',
    resets_at: '2026-11-28T00:00:00.000Z',
  },
  monthly: {
    period: '2026-11',
    spent_usd: '70.25',
    remaining_usd: null,
    resets_at: '2026-12-01T00:00:00.000Z',
  },
  reserved_usd: '0.02',
};

const endpoint: EndpointView = {
  id: 'wh_01kbg3v0x2q7h5m9n4p6r8t0w2',
  object: 'webhook_endpoint',
  url: 'https://example.com/hook',
  events: ['workflow.*', '*.failed'],
  description: '',
  header_names: [],
  payload: 'full',
  provider: null,
  enabled: true,
  created_at: '2026-11-27T10:00:00.000Z',
};

const delivery: DeliveryView = {
  id: 'dlv_01kbg3v0x2q7h5m9n4p6r8t0w200-01kbg3v0x2q7h5m9n4p6r8t0w2',
  object: 'webhook_delivery',
  webhook_id: endpoint.id,
  event_id: 'evt_01kbg3v0x2q7h5m9n4p6r8t0w200',
  event_type: 'chat.failed',
  job_id: job.id,
  state: 'pending',
  created_at: '2026-11-27T10:00:01.250Z',
  next_try_at: '2026-11-27T10:00:06.400Z',
  attempts: [
    {
      number: 1,
      at: '2026-11-27T10:00:01.260Z',
      url: endpoint.url,
      request_headers: {
        'X-Relay-Latency': '1240',
        'X-Usage-Token-Count': '11',
        'X-Cost-USD': '0.000040',
        'webhook-id': 'evt_01kbg3v0x2q7h5m9n4p6r8t0w200',
        'webhook-timestamp': '1795773601',
        'webhook-signature': '[redacted]',
        'content-type': 'application/json',
        'user-agent': 'Sluice/0.1.0',
      },
      request_bytes: 512,
      duration_ms: 140,
      outcome: 'retry',
      status: 503,
      message: 'HTTP 503',
      response_excerpt: 'out of order',
    },
  ],
};

const tenant: TenantView = {
  id: 'acme',
  object: 'tenant',
  name: 'Acme',
  state: 'active',
  weight: 1,
  created_at: '2026-11-27T10:00:00.000Z',
};

const apiKey: ApiKeyView = {
  id: 'key_8dJ2mQ0xYt4LrV6c',
  object: 'api_key',
  tenant_id: 'acme',
  name: 'ci',
  scopes: ['submit', 'read'],
  state: 'active',
  created_at: '2026-11-27T10:00:00.000Z',
};

const split = {
  id: 'assistant',
  object: 'split',
  sticky_by: 'user',
  weights: 'configured',
  arms: [
    { model: 'stable', weight: 90, share: 0.9, state: 'in_force' },
    {
      model: 'next',
      weight: 10,
      share: 0.1,
      state: 'rolled_back',
      rolled_back_at: '2026-11-21T08:00:00.000Z',
      reason: '5.0 % of its calls failed, 0.1 % of the baseline’s',
    },
  ],
};

const ledgerLine = {
  at: '2026-11-27T10:00:01.240Z',
  job_id: 'job_01kbg3v0x2q7h5m9n4p6r8t0w200',
  call: 1,
  tenant_id: 'acme',
  type: 'chat',
  model: 'sim-chat',
  provider: 'simulator',
  upstream_model: 'sim-chat',
  outcome: 'succeeded',
  input_tokens: 8,
  output_tokens: 3,
  total_tokens: 11,
  usage_source: 'provider',
  cost_usd: '0.00004',
  duration_ms: 1_180,
};

const lane = {
  id: 'simulator',
  object: 'lane',
  state: 'open',
  buckets: [
    {
      unit: 'requests',
      limit: 60,
      window_seconds: 60,
      pacing: 'smooth',
      used: 12,
      remaining: 48,
      resets_at: '2026-11-27T10:00:48.000Z',
    },
  ],
  concurrency: { limit: null, in_flight: 2 },
  circuit_breakers: [],
  tickets: { waiting: 7, delayed: 0 },
};

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const newKey = `sk_sluice_${'…'.repeat(3)}`;

export const answers = {
  queuedJob,
  job,
  cancelledJob: { ...queuedJob, state: 'cancelled' },
  jobs: pageOf(job),
  deletedJob: { id: job.id, object: 'job', deleted: true },
  deletedSession: { id: 'ann-7', object: 'session', deleted: true },
  retriedJobs: {
    object: 'job.retries',
    retried: [job.id],
    skipped: [],
    has_more: false,
    next_cursor: null,
  },
  models: {
    object: 'list',
    data: [
      { id: 'sim-chat', object: 'model', type: 'chat', created: 1_795_773_600, owned_by: 'sim' },
    ],
    apps: [],
  },
  providers: {
    object: 'list',
    data: [
      {
        id: 'openai',
        object: 'provider',
        kind: 'openai',
        base_url: 'https://api.openai.com/v1',
        keys: [{ key: '…3f9a', parked: [] }],
      },
    ],
  },
  budget,
  budgets: listOf(budget),
  deletedBudget: { object: 'budget', scope: 'tenant', id: 'acme', deleted: true },
  cacheInvalidation: {
    object: 'cache.invalidation',
    scope: 'tenant',
    tag: 'handbook',
    invalidated: true,
  },
  usage: {
    object: 'page',
    data: [
      {
        object: 'bucket',
        start_time: 1_795_737_600,
        end_time: 1_795_824_000,
        results: [
          {
            object: 'usage.result',
            model: 'sim-chat',
            num_model_requests: 12,
            num_cache_hits: 3,
            cache_hit_rate: 0.2,
            input_tokens: 96,
            output_tokens: 36,
            total_tokens: 132,
            cost_usd: '0.000480',
            saved_usd: '0.000120',
            prompt_cache_saved_usd: '0.000054',
          },
        ],
      },
    ],
    has_more: false,
    next_page: null,
  },
  ledgerLine,
  lane,
  lanes: { object: 'list', data: [lane] },
  split,
  splits: { object: 'list', data: [split] },
  endpoint,
  newEndpoint: { ...endpoint, secret },
  endpoints: listOf(endpoint),
  deletedEndpoint: { id: endpoint.id, object: 'webhook_endpoint', deleted: true },
  delivery,
  deliveries: pageOf(delivery),
  deliveryDetail: {
    ...delivery,
    request_body_excerpt: '{"id":"evt_01kbg3v0x2q7h5m9n4p6r8t0w200","type":"chat.failed",…',
  },
  redelivery: { object: 'redelivery', count: 3, has_more: false },
  tenant,
  tenants: listOf(tenant),
  deletedTenant: { id: tenant.id, object: 'tenant', deleted: true },
  rotatedDataKey: { id: tenant.id, object: 'tenant', data_key_rotated: true },
  apiKey,
  newApiKey: { ...apiKey, key: newKey },
  apiKeys: listOf(apiKey),
  deletedApiKey: { id: apiKey.id, object: 'api_key', deleted: true },
  health: { status: 'ok' },
  readiness: { status: 'ready', problems: [] },
  metrics: '# TYPE sluice_jobs_total counter\nsluice_jobs_total{type="chat",state="completed"} 1\n',
  openApi: { openapi: '3.1.1', info: { title: 'Sluice' } },
  page: '<!doctype html>',
} as const;

function listOf(entry: unknown) {
  return { object: 'list', data: [entry], has_more: false };
}

function pageOf(entry: unknown) {
  return { ...listOf(entry), next_cursor: null };
}
