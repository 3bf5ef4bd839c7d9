import { z } from 'zod';

import { expiresAfter } from './file.ts';
import { jobMetadata } from './job-metadata.ts';
import type { CostUsd, Usage } from './usage.ts';

/** Routes that a line of a batch may name: three of OpenAI's, and for apps Dify's. */
export const batchEndpoints = [
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/workflows/run',
] as const;
export type BatchEndpoint = (typeof batchEndpoints)[number];

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const windowPattern = /^([1-9]\d{0,5})([smhd])$/;
const longestWindowMs = 7 * unitMs.d;

/** The milliseconds of `24h`, `30m` or the like; `undefined` for anything else, or more than seven days. */
export function windowMs(text: string): number | undefined {
  const [, count = '', unit = 's'] = windowPattern.exec(text) ?? [];
  const ms = Number(count) * unitMs[unit as keyof typeof unitMs];
  return ms > 0 && ms <= longestWindowMs ? ms : undefined;
}

/**
 * Body of `POST /v1/batches`. OpenAI allows one window, `24h`; here it may be any up to seven days.
 * @see https://platform.openai.com/docs/api-reference/batch/create
 */
export const createBatch = z.strictObject({
  input_file_id: z.string().min(1).max(64),
  /** Of lines that name none themselves. */
  endpoint: z.enum(batchEndpoints),
  completion_window: z.string().refine((text) => windowMs(text) !== undefined, {
    error: 'must be a whole number of s, m, h or d such as 24h, 7d at most',
  }),
  metadata: jobMetadata.nullable().optional(),
  output_expires_after: expiresAfter.optional(),
  /** `live` and `auto` go through the lanes. `native`, a vendor's own batch API, is not built. */
  execution: z.enum(['auto', 'live', 'native']).optional(),
});
export type CreateBatch = z.infer<typeof createBatch>;

/** The `input` of a batch of a file: what was asked for, and the ids of the files that it will write. */
export interface FileBatchInput {
  input_file_id: string;
  endpoint: BatchEndpoint;
  completion_window: string;
  output_file_id: string;
  error_file_id: string;
  /** How long those files stay, from their first line. */
  output_life_ms: number;
}

/**
 * The life of a batch of a file, beside the state of its job (`queued` until a worker has seen it, then `in_progress`):
 *
 * | phase       | what is done                                   | goes on                                              |
 * |-------------|------------------------------------------------|------------------------------------------------------|
 * | validating  | every line is checked                          | invalid; in_progress; cancelling; expiring           |
 * | invalid     | nothing                                        | the job fails                                        |
 * | in_progress | lines become jobs, their results lines of files | finalizing; cancelling; expiring                    |
 * | cancelling  | live jobs are ended, the rest is written off   | finalizing                                           |
 * | expiring    | the same, when the window is over              | finalizing                                           |
 * | finalizing  | nothing: every line has its result             | the job completes, is cancelled or expires           |
 *
 * Whoever dies between two steps leaves counters that say what is done; each step is one script that checks them:
 *
 * | counter | counts                                | moved by                                                         |
 * |---------|---------------------------------------|------------------------------------------------------------------|
 * | fed     | lines that became jobs or were written off, in their order, and `cursor` where the next begins in the file | feed-child.lua, only for the line that is next; book-results.lua |
 * | ended   | those whose job has ended             | finish-job.lua                                                   |
 * | drained | those whose result is in a file       | book-results.lua, with the part of the file that has it          |
 */
export const batchPhases = [
  'validating',
  'invalid',
  'in_progress',
  'cancelling',
  'expiring',
  'finalizing',
] as const;
export type BatchPhase = (typeof batchPhases)[number];

/** What a record has of a batch of a file. Times are epoch milliseconds. */
export interface FileBatchProgress {
  phase: BatchPhase;
  fed: number;
  /** Place in the input file, in bytes, behind the last line that was fed. */
  cursor: number;
  drained: number;
  inProgressAtMs?: number;
  finalizingAtMs?: number;
  cancellingAtMs?: number;
  /** Where it was before it was cancelled or expired: whose states come after `finalizing`. */
  ending?: 'cancelled' | 'expired';
  sums: BatchSums;
  /** The first of what is wrong with its lines; the error file has all. */
  problems?: LineProblem[];
}

/** What the results that are in the files add up to. */
export interface BatchSums {
  usage: Usage;
  costUsd: CostUsd;
  latencyMs: number;
  /** How many lines each file has. */
  outputLines: number;
  errorLines: number;
  /** When results were last written, epoch milliseconds. */
  writtenAtMs: number;
}

/** What is wrong with a line of an input file, which counts from 1; `null`: with the file. */
export interface LineProblem {
  code: string;
  line: number | null;
  message: string;
  param: string | null;
}

/** The result of a batch of a file: where the results are, and the sum of them. */
export interface FileBatchResult {
  type: 'batch';
  output_file_id?: string;
  error_file_id?: string;
  summary: {
    total: number;
    succeeded: number;
    failed: number;
    average_latency_ms: number;
    total_tokens: number;
    /** `unknown` as soon as the price of one item is unknown. */
    cost_usd: CostUsd;
  };
}

/** Statuses of a batch as OpenAI names them. */
export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

/** A batch as OpenAI shows it. Times are Unix seconds. */
export interface BatchView {
  id: string;
  object: 'batch';
  endpoint: BatchEndpoint;
  errors: { object: 'list'; data: LineProblem[] } | null;
  input_file_id: string;
  completion_window: string;
  status: BatchStatus;
  output_file_id: string | null;
  error_file_id: string | null;
  created_at: number;
  in_progress_at: number | null;
  expires_at: number;
  finalizing_at: number | null;
  completed_at: number | null;
  failed_at: number | null;
  expired_at: number | null;
  cancelling_at: number | null;
  cancelled_at: number | null;
  request_counts: { total: number; completed: number; failed: number };
  usage?: {
    input_tokens: number;
    input_tokens_details: { cached_tokens: number; cache_write_tokens: number };
    output_tokens: number;
    output_tokens_details: { reasoning_tokens: number };
    total_tokens: number;
  };
  metadata: Record<string, string> | null;
  /** Sluice's own: what the results in the files have cost. */
  cost_usd?: CostUsd;
}
