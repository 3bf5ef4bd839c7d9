import type { ErrorData } from './errors.ts';
import type { JobResult } from './job.ts';
import type { TerminalState } from './job-state.ts';
import type { JobType } from './job-type.ts';
import type { CostUsd, Usage } from './usage.ts';

/**
 * Body of a webhook, in the shape of Standard Webhooks. `data` of a workflow job also carries `status` and `outputs`
 * as Dify names them.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export interface WebhookEvent {
  /** Same value as the `webhook-id` header: equal on every attempt, so receivers can deduplicate by it. */
  id: string;
  type: `${JobType}.${TerminalState}`;
  /** ISO 8601; when the job ended. */
  timestamp: string;
  data: {
    job_id: string;
    object: 'job';
    state: TerminalState;
    model?: string;
    app?: string;
    metadata?: Record<string, string>;
    user?: string;
    result?: JobResult;
    error?: ErrorData;
    usage?: Usage;
    cost_usd?: CostUsd;
    latency_ms: number;
    status?: string;
    outputs?: Record<string, unknown>;
  };
}

/** One entry of the outbox: a job that ended and somebody to tell. */
export interface OutboxEntry {
  eventId: string;
  jobId: string;
  /** `finished` tells the job's webhook; `batch_ready` says that the last child of a batch ended. */
  kind: 'finished' | 'batch_ready';
}
