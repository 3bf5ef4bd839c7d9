import type { budgetKinds } from './budget.ts';
import type { ErrorData } from './errors.ts';
import type { JobResult } from './job.ts';
import type { TerminalState } from './job-state.ts';
import type { JobType } from './job-type.ts';
import type { CostUsd, Usage } from './usage.ts';
import type { DisabledReason } from './webhook-endpoint.ts';

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
    /** Of a batch of a file only: its id, where OpenAI's events have it. */
    id?: string;
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
    /** Of a thin event only: where the whole job can be read, in place of `result` and `outputs`. */
    url?: string;
  };
}

/**
 * An event that no job made: a test that the owner asked for, an endpoint that gets nothing any more, a budget that is used
 * up, a tenant that spends far more than usual, an arm of a split that does worse than it may.
 */
export type NoticeEvent =
  | { id: string; type: 'webhook.test'; timestamp: string; data: { endpoint_id: string } }
  | {
      id: string;
      type: 'endpoint.disabled';
      timestamp: string;
      data: { endpoint_id: string; reason: DisabledReason };
    }
  | {
      id: string;
      type: 'budget.threshold' | 'budget.exceeded';
      timestamp: string;
      data: BudgetEventData;
    }
  | {
      id: string;
      type: 'spend.anomaly';
      timestamp: string;
      /** What the tenant spent in the hour up to the event, and in a usual hour: exact US dollars. */
      data: { tenant_id: string; spent_usd: string; usual_usd: string };
    }
  | {
      id: string;
      type: 'split.rolled_back';
      timestamp: string;
      /** Names of the model or app with the split and of the one that lost its share, and why. */
      data: { split: string; arm: string; reason: string };
    };

/** Which share of a budget is spent. Money is exact US dollars. */
export interface BudgetEventData {
  scope: (typeof budgetKinds)[number];
  /** Of the tenant, the key or the provider. */
  id: string;
  /** The UTC day or month: `2026-11-27` or `2026-11`. */
  period: string;
  percent: number;
  limit_usd: string;
  spent_usd: string;
}

/** One entry of the outbox: a job that ended and somebody to tell. */
export interface OutboxEntry {
  eventId: string;
  jobId: string;
  /** `finished` tells the job's webhook; `batch_ready` says that the last child of a batch ended. */
  kind: 'finished' | 'batch_ready';
}
