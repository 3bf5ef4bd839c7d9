import {
  invalidateCache,
  laneControlRequests,
  splitControlRequests,
  resumeJob,
  retryJobs,
  setBudget,
  submitJob,
} from '@sluice/contracts';

import { answers } from './answer-examples.ts';
import { adminRoutes } from './describe-admin-routes.ts';
import { anthropicRoutes } from './describe-anthropic-routes.ts';
import { difyRoutes } from './describe-dify-routes.ts';
import { fileRoutes } from './describe-file-routes.ts';
import { openaiRoutes } from './describe-openai-routes.ts';
import { webhookRoutes } from './describe-webhook-routes.ts';
import type { RouteDescription } from './route-description.ts';

const page = { limit: 'entries in the page', after: '`next_cursor` of the page before' };

const chatExample = {
  type: 'chat',
  model: 'sim-chat',
  input: { messages: [{ role: 'user', content: 'Hello' }] },
};

/** Every route of the table, by method and path. A test fails for one that is missing or says too much. */
export const routeDescriptions: Readonly<Record<string, RouteDescription>> = {
  'post /v1/jobs': {
    summary:
      'Submit a job. `Idempotency-Key` makes a retry safe; `Prefer: wait=N` waits for the end.',
    status: 202,
    answer: answers.queuedJob,
    errors: [
      'model_not_found',
      'blocked_address',
      'idempotency_key_reused',
      'budget_exceeded',
      'overloaded',
    ],
    body: { schema: submitJob, example: chatExample },
  },
  'get /v1/jobs/:id': {
    summary: 'One job as it is now.',
    status: 200,
    answer: answers.job,
    query: { wait: 'seconds to wait for its end, 0 to 60', include: '`timeline`' },
  },
  'get /v1/jobs': {
    summary: 'The tenant’s jobs, the newest first, without their results.',
    status: 200,
    answer: answers.jobs,
    query: {
      state: 'only these',
      type: 'only these',
      model: 'or app',
      error_code: 'ended with this error, such as `quarantined`',
      batch_id: 'children',
      ...page,
    },
  },
  'get /v1/jobs/:id/events': {
    summary:
      'What happens to a job, as server-sent events until it has ended; `Last-Event-ID` goes on where a reader was.',
    status: 200,
    answer:
      'id: 1.1\nevent: delta\ndata: {"id":"1.1","type":"delta","at":"2026-11-27T14:00:00.000Z","data":{"attempt":1,"delta":{"content":"Hel"}}}\n\n',
    query: { after: 'id of the last event already had, for clients that cannot send a header' },
    answers: 'text/event-stream',
  },
  'post /v1/jobs/:id/cancel': {
    summary: 'Cancel a live job.',
    status: 200,
    answer: answers.cancelledJob,
    errors: ['job_not_cancellable'],
  },
  'post /v1/jobs/:id/resume': {
    summary: 'Answer the form of a paused job.',
    status: 202,
    answer: answers.queuedJob,
    errors: ['job_not_paused'],
    body: { schema: resumeJob, example: { action: 'approve', inputs: {} } },
  },
  'post /v1/jobs/:id/retry': {
    summary: 'Queue a failed, quarantined, cancelled or expired job once more.',
    status: 202,
    answer: answers.queuedJob,
    errors: ['job_not_retryable', 'overloaded'],
  },
  'post /v1/jobs/retry': {
    summary: 'Queue the ended jobs that a filter names once more, 100 in a call at most.',
    status: 200,
    answer: answers.retriedJobs,
    body: { schema: retryJobs, example: { state: 'failed', error_code: 'quarantined' } },
  },
  'delete /v1/jobs/:id': {
    summary: 'Erase an ended job.',
    status: 200,
    answer: answers.deletedJob,
    errors: ['job_not_ended'],
  },
  'delete /v1/sessions/:id': {
    summary: 'Forget what was said in a session, with every model and user.',
    status: 200,
    answer: answers.deletedSession,
  },
  'get /v1/models': {
    summary:
      'What can be named in `model` and `app`; in Anthropic’s format where `anthropic-version` is sent.',
    status: 200,
    answer: answers.models,
  },
  'get /v1/providers': {
    summary: 'Upstream accounts and their parked keys.',
    status: 200,
    answer: answers.providers,
  },
  'get /v1/budgets': {
    summary: 'What may be spent, and what is.',
    status: 200,
    answer: answers.budgets,
  },
  'post /v1/budgets': {
    summary: 'Set the budget of a tenant, a key or a provider.',
    status: 200,
    answer: answers.budget,
    body: { schema: setBudget, example: { scope: 'tenant', id: 'acme', daily_usd: 25 } },
    errors: ['not_found'],
  },
  'delete /v1/budgets/:scope/:id': {
    summary: 'Take a budget back.',
    status: 200,
    answer: answers.deletedBudget,
    errors: ['not_found'],
  },
  'get /v1/usage': {
    summary: 'Calls, tokens, costs and what the cache saved, by time and more.',
    status: 200,
    answer: answers.usage,
    query: {
      from: 'ISO 8601 or Unix seconds; also `start_time`',
      to: 'the same; now without it; also `end_time`',
      interval: '`1m`, `1h`, `1d` or `all`; also `bucket_width`',
      group_by: 'some of tenant, key, model, provider, app, user, tag, with commas between',
      tenant: 'only of this tenant',
      key: 'only of jobs that this API key submitted',
      model: 'only of this model',
      provider: 'only of this provider',
      app: 'only of this app',
      user: 'only of this user',
      tag: 'only of jobs with this metadata, `name=value`',
      format: '`json`, `csv` or `jsonl`',
      limit: 'buckets in a page of JSON',
      page: '`next_page` of the page before',
    },
  },
  'get /v1/usage/ledger': {
    summary: 'Every call in a line, as JSON lines or CSV: tokens, cost, outcome.',
    status: 200,
    answer: answers.ledgerLine,
    query: {
      from: 'ISO 8601 or Unix seconds; a day before `to` without it',
      to: 'the same; now without it',
      tenant: 'only of this tenant',
      format: '`jsonl` or `csv`',
    },
  },
  'post /v1/cache/invalidate': {
    summary: 'Forget cached replies: by tag, of a model or an app, or all of the tenant’s.',
    status: 200,
    answer: answers.cacheInvalidation,
    body: { schema: invalidateCache, example: { tag: 'handbook' } },
  },
  'get /v1/limits': {
    summary: 'Every lane: its limits and how much of them is left.',
    status: 200,
    answer: answers.lanes,
  },
  'post /v1/limits/:lane/pause': {
    summary: 'Stop a lane until it is resumed.',
    status: 200,
    answer: answers.lane,
    body: { schema: laneControlRequests.pause, example: { reason: 'maintenance' }, optional: true },
  },
  'post /v1/limits/:lane/resume': {
    summary: 'Let a lane go on.',
    status: 200,
    answer: answers.lane,
  },
  'post /v1/limits/:lane/pin': {
    summary: 'Keep the limits of a lane as they are, whatever a changed configuration says.',
    status: 200,
    answer: answers.lane,
  },
  'post /v1/limits/:lane/unpin': {
    summary: 'Let the configuration say the limits of a lane again.',
    status: 200,
    answer: answers.lane,
  },
  'patch /v1/limits/:lane': {
    summary: 'Set limits of a lane over the configured ones.',
    status: 200,
    answer: answers.lane,
    body: { schema: laneControlRequests.override, example: { concurrency: 5 } },
  },
  'delete /v1/limits/:lane': {
    summary: 'Take back what was set over the configuration.',
    status: 200,
    answer: answers.lane,
  },
  'get /v1/splits': {
    summary: 'Models with a split: the share of each arm, and what was rolled back and why.',
    status: 200,
    answer: answers.splits,
  },
  'patch /v1/splits/:model': {
    summary: 'Give arms of a split other weights than the configured ones.',
    status: 200,
    answer: answers.split,
    body: { schema: splitControlRequests.set, example: { weights: { next: 25 } } },
  },
  'post /v1/splits/:model/rollback': {
    summary: 'Take the share of an arm away.',
    status: 200,
    answer: answers.split,
    body: { schema: splitControlRequests.rollBack, example: { arm: 'next', reason: 'too curt' } },
  },
  'post /v1/splits/:model/resume': {
    summary: 'Give an arm its share again.',
    status: 200,
    answer: answers.split,
    body: { schema: splitControlRequests.resume, example: { arm: 'next' } },
  },
  'post /v1/splits/:model/reset': {
    summary: 'Give every arm of a split the share of the configuration again.',
    status: 200,
    answer: answers.split,
  },
  ...webhookRoutes,
  ...openaiRoutes,
  ...anthropicRoutes,
  ...difyRoutes,
  ...adminRoutes,
  ...fileRoutes,
  'get /healthz': { summary: 'This process answers.', status: 200, answer: answers.health },
  'get /readyz': {
    summary: 'Work sent now would be accepted and done.',
    status: 200,
    answer: answers.readiness,
    errors: ['unavailable'],
  },
  'get /metrics': {
    summary: 'Prometheus text.',
    status: 200,
    answer: answers.metrics,
    answers: 'text/plain',
  },
  'get /openapi.json': { summary: 'This document.', status: 200, answer: answers.openApi },
  'get /docs': {
    summary: 'This document for people.',
    status: 200,
    answer: answers.page,
    answers: 'text/html',
  },
};
