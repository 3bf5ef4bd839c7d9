import {
  eventTypes,
  noticeTypes,
  responseEventTypes,
  type JobEnding,
  type JobRecord,
  type JobType,
  type Notice,
  type NoticeEvent,
  type NoticeType,
  type ResponseEvent,
  type ResponseEventType,
  type TerminalState,
  type WebhookEvent,
} from '@sluice/contracts';
import { buildEvent, buildNotice, deliveryHeaders } from '@sluice/webhooks';

type Json = Record<string, unknown>;

/** Every event that a webhook may carry, each with an example: made as deliveries make it. */
export function describeEvents(): Record<string, { post: Json }> {
  return Object.fromEntries(eventTypes.map((type) => [type, { post: operation(type) }]));
}

function operation(type: string): Json {
  const notice = noticeTypes.find((known) => known === type);
  const response = responseEventTypes.find((known) => known === type);
  const event = response
    ? exampleResponse(response)
    : notice
      ? exampleNotice(notice)
      : exampleEvent(type);
  const headers: Record<string, string> =
    'latency_ms' in event.data ? deliveryHeaders(event as WebhookEvent) : {};
  return {
    operationId: `webhook_${type.replace('.', '_')}`,
    summary: notice
      ? noticeSummaries[notice]
      : `A ${response ? 'background response' : 'job'} ended: \`${type}\`.`,
    security: [],
    parameters: [
      ...signatureHeaders(event.id),
      ...Object.entries(headers).map(([name, value]) => header(name, value)),
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/Event' }, example: event },
      },
    },
    responses: {
      '2XX': { description: 'The event was taken; anything else is tried again.' },
      '410': { description: 'Nothing more is sent to this endpoint.' },
    },
  };
}

const noticeSummaries: Record<NoticeType, string> = {
  'webhook.test': 'Asked for by `POST /v1/webhooks/:id/test`.',
  'endpoint.disabled': 'Another endpoint of the tenant gets nothing any more.',
  'budget.threshold': 'Half of a budget is spent, or 80 % of it; once in its day or month.',
  'budget.exceeded':
    'All of a budget is spent: jobs that count in it are refused until its day or month ends.',
  'spend.anomaly': 'A tenant has spent far more in an hour than usual; once in an hour.',
  'split.rolled_back': 'An arm of a split did worse than it may and lost its share.',
};

function signatureHeaders(eventId: string): Json[] {
  return [
    header('webhook-id', eventId),
    header('webhook-timestamp', '1795773601'),
    header('webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='),
  ];
}

function header(name: string, example: string): Json {
  return { name, in: 'header', required: true, schema: { type: 'string' }, example };
}

const createdAtMs = Date.UTC(2026, 10, 27, 10);

function exampleNotice(type: NoticeType): NoticeEvent {
  return buildNotice('evt_01kbg3v0x2q7h5m9n4p6r8t0w2', noticeOf(type));
}

/** In OpenAI's form, for endpoints that ask for `response.…` by name. */
function exampleResponse(type: ResponseEventType): ResponseEvent {
  return {
    id: 'evt_01kbg3v0x2q7h5m9n4p6r8t0w200',
    object: 'event',
    created_at: createdAtMs / 1_000,
    type,
    data: { id: 'resp_01kbg3v0x2q7h5m9n4p6r8t0w200' },
  };
}

function noticeOf(type: NoticeType): Notice {
  const endpoint = { atMs: createdAtMs, about: 'wh_01kbg3v0x2q7h5m9n4p6r8t0w2' };
  const budget = { atMs: createdAtMs, about: 'tenant:acme', period: '2026-11', limitUsd: '500' };
  switch (type) {
    case 'webhook.test':
      return { type, ...endpoint };
    case 'endpoint.disabled':
      return { type, ...endpoint, reason: 'gone' };
    case 'budget.threshold':
      return { type, ...budget, percent: 80, spentUsd: '400.12' };
    case 'budget.exceeded':
      return { type, ...budget, percent: 100, spentUsd: '500.0037' };
    case 'spend.anomaly':
      return { type, atMs: createdAtMs, about: 'acme', spentUsd: '61.2', usualUsd: '4.05' };
    case 'split.rolled_back': {
      const reason = '12.5 % of its calls failed, 0.4 % of the baseline’s';
      return { type, atMs: createdAtMs, about: 'assistant', arm: 'next', reason };
    }
  }
}

function exampleEvent(eventType: string): WebhookEvent {
  // Every event but a notice is `<job type>.<state>`.
  const [type, state] = eventType.split('.') as [JobType, TerminalState];
  const record: JobRecord = {
    jobId: 'job_01kbg3v0x2q7h5m9n4p6r8t0w200',
    tenantId: 'acme',
    type,
    model: exampleNames[type],
    input: { messages: [] },
    priority: 'normal',
    lane: 'lane',
    createdAtMs,
    startByMs: createdAtMs,
    deadlineMs: createdAtMs + 60_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'default',
    metadata: { order: '4711' },
    state,
    attempts: [],
    calls: 1,
    retries: 0,
    targetIndex: 0,
    interruptions: 0,
    endedAtMs: createdAtMs + 1_240,
    ...endingOf(type, state),
  };
  return buildEvent(record, 'evt_01kbg3v0x2q7h5m9n4p6r8t0w200');
}

const exampleNames: Record<JobType, string> = {
  chat: 'sim-chat',
  embedding: 'sim-embedding',
  rerank: 'sim-rerank',
  transcription: 'sim-transcription',
  workflow: 'sim-workflow',
  batch: 'batch',
};

function endingOf(type: JobType, state: TerminalState): Partial<JobRecord> {
  if (state !== 'completed') {
    const code = state === 'failed' ? 'upstream_error' : state;
    return { error: { code, message: `the job ${state}`, retryable: false } };
  }
  const usage = {
    input_tokens: 8,
    output_tokens: 3,
    total_tokens: 11,
    source: 'provider',
  } as const;
  const result = exampleResults[type];
  return { ...(result && { result }), usage, costUsd: '0.000040' };
}

/** Of a workflow and a chat, whose events are read most. */
const exampleResults: Partial<Record<JobType, NonNullable<JobEnding['result']>>> = {
  chat: {
    type: 'chat',
    message: { role: 'assistant', content: 'Hello!' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  },
  workflow: {
    type: 'workflow',
    status: 'succeeded',
    outputs: { summary: 'Three lines.' },
    error: null,
    workflow_run_id: '5ad498e0-1f0a-4b52-8d0f-5a1a5a3f4c11',
  },
};
