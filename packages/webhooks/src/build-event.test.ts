import type { ErrorData, JobRecord, JobState, WorkflowResult } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { buildEvent } from './build-event.ts';
import { deliveryHeaders } from './delivery-headers.ts';
import { eventIdOf } from './event-id.ts';

const endedAtMs = Date.UTC(2026, 0, 1, 12, 0, 1, 500);

function endedJob(changes: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId: 'job_01k0000000',
    tenantId: 'tenant_1',
    type: 'chat',
    model: 'fast',
    input: { messages: [{ role: 'user', content: 'the prompt' }] },
    priority: 'normal',
    lane: 'openai',
    createdAtMs: endedAtMs - 1_500,
    startByMs: endedAtMs + 60_000,
    deadlineMs: endedAtMs + 3_600_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'default',
    webhook: { url: 'https://hooks.example/', secret: 'whsec_secret' },
    state: 'completed',
    endedAtMs,
    attempts: [],
    targetIndex: 0,
    interruptions: 0,
    calls: 0,
    retries: 0,
    ...changes,
  };
}

const workflowResult: WorkflowResult = {
  type: 'workflow',
  status: 'partial-succeeded',
  outputs: { answer: 42 },
  error: null,
  workflow_run_id: 'run_1',
  task_id: 'task_1',
};
const error: ErrorData = { code: 'upstream_timeout', message: 'no reply', retryable: true };

test('a completed chat job tells its result, usage, cost and latency', () => {
  const result = {
    type: 'chat',
    message: { role: 'assistant', content: 'hello' },
    finish_reason: { unified: 'stop', raw: 'stop' },
  } as const;
  const usage = { total_tokens: 12, source: 'provider' } as const;
  const record = endedJob({
    result,
    usage,
    costUsd: '0.000012',
    user: 'ada',
    metadata: { order: '7' },
  });
  expect(buildEvent(record, 'evt_1')).toEqual({
    id: 'evt_1',
    type: 'chat.completed',
    timestamp: '2026-01-01T12:00:01.500Z',
    data: {
      job_id: 'job_01k0000000',
      object: 'job',
      state: 'completed',
      model: 'fast',
      user: 'ada',
      metadata: { order: '7' },
      result,
      usage,
      cost_usd: '0.000012',
      latency_ms: 1_500,
    },
  });
});

test('neither the prompt nor the secret nor the tenant is part of an event', () => {
  const text = JSON.stringify(buildEvent(endedJob({ error, state: 'failed' }), 'evt_1'));
  for (const kept of ['the prompt', 'whsec_', 'tenant_1']) expect(text).not.toContain(kept);
});

test('a workflow job also has status and outputs, and app instead of model', () => {
  const record = endedJob({ type: 'workflow', model: 'summarise', result: workflowResult });
  const event = buildEvent(record, 'evt_1');
  expect(event.type).toBe('workflow.completed');
  expect(event.data).toMatchObject({
    app: 'summarise',
    status: 'partial-succeeded',
    outputs: { answer: 42 },
    result: workflowResult,
  });
  expect(event.data).not.toHaveProperty('model');
});

test('a failed workflow keeps what Dify said of it', () => {
  const result: WorkflowResult = { ...workflowResult, status: 'failed', error: 'node 3 failed' };
  const record = endedJob({ type: 'workflow', state: 'failed', result, error });
  expect(buildEvent(record, 'evt_1').data).toMatchObject({
    state: 'failed',
    status: 'failed',
    outputs: { answer: 42 },
    error,
  });
});

test.for([
  ['failed', 'failed'],
  ['cancelled', 'stopped'],
  ['expired', 'failed'],
] as const)(
  'a %s workflow without a result has the status %s and no outputs',
  ([state, status]) => {
    const event = buildEvent(endedJob({ type: 'workflow', state, error }), 'evt_1');
    expect(event.type).toBe(`workflow.${state}`);
    expect(event.data).toMatchObject({ state, status, outputs: {} });
  },
);

test('a batch has neither model nor app', () => {
  const event = buildEvent(endedJob({ type: 'batch', model: 'batch' }), 'evt_1');
  expect(event.type).toBe('batch.completed');
  expect(event.data).not.toHaveProperty('model');
  expect(event.data).not.toHaveProperty('app');
});

test('chat jobs have neither status nor outputs', () => {
  expect(Object.keys(buildEvent(endedJob(), 'evt_1').data)).toEqual([
    'job_id',
    'object',
    'state',
    'model',
    'latency_ms',
  ]);
});

test('the same record gives the same bytes', () => {
  const bytes = () => JSON.stringify(buildEvent(endedJob({ error, state: 'failed' }), 'evt_1'));
  expect(bytes()).toBe(bytes());
});

test.for(['queued', 'in_progress', 'paused'] satisfies JobState[])(
  'a job that is %s has no event',
  (state) => {
    expect(() => buildEvent(endedJob({ state }), 'evt_1')).toThrow(
      `job job_01k0000000 is ${state}: only an ended job has an event`,
    );
  },
);

test('the measurements are headers, and what nobody counted is unknown', () => {
  const counted = endedJob({ usage: { total_tokens: 0, source: 'provider' }, costUsd: '0.000000' });
  expect(deliveryHeaders(buildEvent(counted, 'evt_1'))).toEqual({
    'X-Relay-Latency': '1500',
    'X-Usage-Token-Count': '0',
    'X-Cost-USD': '0.000000',
  });
  expect(deliveryHeaders(buildEvent(endedJob(), 'evt_1'))).toEqual({
    'X-Relay-Latency': '1500',
    'X-Usage-Token-Count': 'unknown',
    'X-Cost-USD': 'unknown',
  });
});

test('the id of the event follows from the id of the job', () => {
  expect(eventIdOf('job_01k0000000')).toBe('evt_01k0000000');
  expect(eventIdOf('job_01k0000000_12')).toBe('evt_01k0000000_12');
});

test('a batch of a file has its id where events of OpenAI have it', () => {
  const sums = {
    usage: { total_tokens: 3, source: 'provider' as const },
    costUsd: '0',
    latencyMs: 0,
    outputLines: 1,
    errorLines: 0,
    writtenAtMs: 0,
  };
  const fileBatch = { phase: 'finalizing' as const, fed: 1, cursor: 9, drained: 1, sums };
  const batch = endedJob({ jobId: 'batch_01k', type: 'batch', model: 'batch', fileBatch });
  expect(buildEvent(batch, 'evt_1')).toMatchObject({
    type: 'batch.completed',
    data: { id: 'batch_01k', job_id: 'batch_01k' },
  });
});
