import type { BatchInput, JobRecord, JobRequest } from '@sluice/contracts';

/** A batch of a chat and a workflow request, for tests. */
export const batch: JobRequest = {
  jobId: 'job_01jd3q7k8mabcdefghjkmnpqrs00',
  tenantId: 'default',
  type: 'batch',
  model: 'batch',
  input: {
    requests: [
      {
        type: 'chat',
        custom_id: 'a',
        model: 'sim-chat',
        input: { messages: [{ role: 'user', content: 'Hello' }] },
      },
      { type: 'workflow', app: 'sim-workflow', input: { inputs: { question: 'Why?' } } },
      {
        type: 'chat',
        custom_id: 'c',
        model: 'sim-chat',
        input: { messages: [{ role: 'user', content: 'Bye' }] },
      },
    ],
  } satisfies BatchInput,
  priority: 'high',
  lane: 'batches',
  createdAtMs: 1_000,
  startByMs: 61_000,
  deadlineMs: 600_000,
  attemptTimeoutMs: 5_000,
  cacheMode: 'refresh',
  user: 'ada',
  metadata: { project: 'x' },
  webhook: { url: 'https://example.com/hook', secret: `whsec_${'A'.repeat(32)}` },
};

/** The record of a child that completed. */
export function completed(child: JobRequest, more: Partial<JobRecord> = {}): JobRecord {
  return {
    ...child,
    state: 'completed',
    attempts: [],
    targetIndex: 0,
    interruptions: 0,
    calls: 0,
    retries: 0,
    startedAtMs: child.createdAtMs + 10,
    endedAtMs: child.createdAtMs + 100,
    result: {
      type: 'chat',
      message: { role: 'assistant', content: `reply ${child.batch?.index}` },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
    costUsd: '0.000100',
    cache: { status: 'off' },
    ...more,
  };
}
