import { z } from 'zod';

import { batchInput, type BatchResult } from './batch.ts';
import { cacheRequest, type CacheInfo } from './cache.ts';
import { chatInput } from './chat.ts';
import { embeddingInput } from './embedding.ts';
import type { ErrorData } from './errors.ts';
import type { JobPhase } from './job-phase.ts';
import type { JobState } from './job-state.ts';
import type { JobType } from './job-type.ts';
import type { FileBatchResult } from './file-batch.ts';
import { jobMetadata } from './job-metadata.ts';
import { fallback } from './fallback.ts';
import { name } from './name.ts';
import { rerankInput } from './rerank.ts';
import { sparseObject } from './sparse-object.ts';
import type { RunResult } from './run.ts';
import { transcriptionInput } from './transcription.ts';
import type { CostUsd, Usage } from './usage.ts';
import { workflowInput, type HumanInputForm } from './workflow.ts';

export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

export const webhookUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2048);

export const webhookSecret = z
  .string()
  .regex(
    /^whsec_[A-Za-z0-9+/]{32,128}={0,2}$/,
    'must be whsec_ followed by 24 to 64 bytes in base64',
  );

/** A job's own webhook. The secret signs as Standard Webhooks says; it is never shown again. */
export const jobWebhook = z.strictObject({ url: webhookUrl, secret: webhookSecret });
export type JobWebhook = z.infer<typeof jobWebhook>;

/** How far ahead a job may be submitted, in seconds: 30 days. */
export const maxDelaySeconds = 30 * 86_400;

const callSeconds = z.number().positive().max(86_400).optional();

const jobOptions = {
  webhook: jobWebhook.optional(),
  priority: z.enum(priorities).optional(),
  cache: cacheRequest.optional(),
  /** Counted from the time at which the job may run. */
  max_wait_seconds: z.number().positive().max(604_800).optional(),
  /** The whole job, counted from the same time: waits, retries and pauses for a person included. */
  timeout_seconds: z.number().positive().max(maxDelaySeconds).optional(),
  /** One attempt: an upstream call from its start to its last byte. */
  attempt_timeout_seconds: callSeconds,
  /** Of a call, until its reply begins; the provider's `timeouts` where it is not given. */
  first_byte_timeout_seconds: callSeconds,
  /** Of a call, without progress inside its reply; the same. */
  idle_timeout_seconds: callSeconds,
  user: z.string().min(1).max(255).optional(),
  metadata: jobMetadata.optional(),
  /** Keep what the upstream answered beside what Sluice makes of it. */
  include_raw: z.boolean().optional(),
  /** The job runs this much later, or at `run_at` (ISO 8601, with its zone). A time in the past is now. */
  delay_seconds: z.number().min(0).max(maxDelaySeconds).optional(),
  run_at: z.iso
    .datetime({ offset: true, error: 'must be a time as 2027-01-31T08:00:00Z' })
    .optional(),
};

const callOptions = { ...jobOptions, fallback };

/** Types whose answer is made piece by piece: the pieces are events of the job. */
const streamOptions = { ...callOptions, stream: z.boolean().optional() };

const sessionId = z.string().min(1).max(255).optional();

const eachSubmit = z.discriminatedUnion('type', [
  sparseObject({
    type: z.literal('chat'),
    model: name,
    input: chatInput,
    /** Jobs of one session with one model are one conversation: what was said before goes before their messages. */
    session_id: sessionId,
    ...streamOptions,
  }),
  sparseObject({
    type: z.literal('embedding'),
    model: name,
    input: embeddingInput,
    ...callOptions,
  }),
  sparseObject({ type: z.literal('rerank'), model: name, input: rerankInput, ...callOptions }),
  sparseObject({
    type: z.literal('transcription'),
    model: name,
    input: transcriptionInput,
    ...callOptions,
  }),
  sparseObject({
    type: z.literal('workflow'),
    app: name,
    input: workflowInput,
    /** Jobs of one session go on with one conversation of the app. */
    session_id: sessionId,
    ...streamOptions,
  }),
  sparseObject({ type: z.literal('batch'), input: batchInput, ...jobOptions }),
]);

/** Body of `POST /v1/jobs`. */
export const submitJob = eachSubmit.refine(
  (body) => body.delay_seconds === undefined || body.run_at === undefined,
  { path: ['run_at'], error: 'run_at and delay_seconds exclude each other; give one of them' },
);
export type SubmitJob = z.infer<typeof submitJob>;
/** The same as a client may write it: what has a default may be left out. */
export type SubmitJobInput = z.input<typeof submitJob>;

export type JobResult = RunResult | BatchResult | FileBatchResult;

/** One upstream call of a job, as the job shows it. Times are milliseconds since the epoch. */
export interface Attempt {
  number: number;
  provider: string;
  model: string;
  /** `classify`: it asked how hard the job is, and gave no result. */
  purpose?: 'classify';
  started_at_ms: number;
  ended_at_ms: number;
  outcome: 'succeeded' | 'failed' | 'interrupted' | 'cancelled';
  error?: ErrorData;
  upstream_request_id?: string;
  /** Of a call that failed after it had cost something, as far as that can be counted. */
  usage?: Usage;
  cost_usd?: CostUsd;
}

/** What a job came to before it was retried. Times are milliseconds since the epoch. */
export interface EarlierTry {
  state: 'failed' | 'cancelled' | 'expired';
  started_at_ms?: number;
  ended_at_ms: number;
  retried_at_ms: number;
  error?: ErrorData;
  usage?: Usage;
  cost_usd?: CostUsd;
  attempts: Attempt[];
}

/** Why a job does not run right now. */
export interface WaitingOn {
  /** The limit that has no room, for example `requests per 60 s`, `concurrency`, `upstream 429`, `retry`. */
  limit: string;
  scope: 'lane' | 'tenant' | 'job';
  /** ISO 8601; when the wait is expected to end. */
  resets_at: string;
}

/** What is inside `GET /v1/jobs/:id`. Times are ISO 8601. */
export interface JobView {
  id: string;
  object: 'job';
  type: JobType;
  state: JobState;
  model?: string;
  app?: string;
  provider?: string;
  /** The upstream model that gave the result, as `provider/model`. */
  model_used?: string;
  /** Which model was chosen for the job and why, where a router or a split did. */
  routing?: { model?: string; rule?: string; arm?: string };
  /** Targets that the job has left or that were passed by, in order; absent where there were none. */
  tried?: { provider: string; model: string; reason: string }[];
  priority: Priority;
  batch_id?: string;
  user?: string;
  session_id?: string;
  metadata?: Record<string, string>;
  webhook?: { url: string };
  created_at: string;
  /** Only of a job that was submitted for later. */
  run_at?: string;
  /** When it ends as `expired`, if it has not ended before: the end of its `timeout_seconds`. */
  deadline_at: string;
  started_at?: string;
  ended_at?: string;
  expires_at?: string;
  waiting_on?: WaitingOn;
  /** Its place in its lane, 1 is the next; only of a `queued` job that is read alone. */
  position?: number;
  /** When it will start, as far as the lane's rate of starts or its `run_at` tells; with `position`. */
  estimated_start?: string;
  /** Only while the job is `paused`: what its run asks a person, for `POST /v1/jobs/:id/resume`. */
  pause?: { forms: HumanInputForm[] };
  /** Calls of the last try. */
  attempts: Attempt[];
  /** Only of a job that was retried, the oldest first. */
  earlier_tries?: EarlierTry[];
  cache?: CacheInfo;
  result?: JobResult;
  error?: ErrorData;
  usage?: Usage;
  /** Of all its calls. */
  cost_usd?: CostUsd;
  /** Which price table `cost_usd` was reckoned with: its source and date. */
  price_version?: string;
  /** What the vendor's own prompt cache spared in the call that gave the result; negative where it cost more than it gave. */
  prompt_cache_saved_usd?: CostUsd;
  /** What a reply from the cache spared: the cost and tokens of the call that first bought it. */
  saved_usd?: CostUsd;
  saved_tokens?: number;
  /** Milliseconds from accept to end. */
  latency_ms?: number;
  /** Milliseconds in each phase since the accept; of an ended job they add up to `latency_ms`. Phases without any are left out. */
  timing?: Partial<Record<`${JobPhase}_ms`, number>>;
  /** Batch jobs only: how far it is. */
  progress?: { total: number; ended: number; failed: number };
  timeline?: TimelineEvent[];
}

/**
 * One event of a job. `id` is `<n>` or `<n>.<k>`: it is the n-th event of the timeline, counted from `0`, the accept, and
 * k pieces of the answer came before it; or it is the k-th piece, after the n-th event. Sent back as Last-Event-ID, it
 * names what comes next.
 */
export interface TimelineEvent {
  id: string;
  type: string;
  at: string;
  data?: Record<string, unknown>;
}
