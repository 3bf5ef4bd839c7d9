import { z } from 'zod';

import type { ErrorData } from './errors.ts';
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
  /**
   * `live`, as without it, goes through the lanes. `native` goes to the vendors' own batches, and every line must be for one that
   * has such; `auto` does so where every line is and a day may pass.
   */
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
  /** Absent is `live`. */
  execution?: 'auto' | 'native';
}

/** A day: vendors promise no less for their batches, so `auto` goes to them where a batch may take so long. */
export const nativeWindowMs = unitMs.d;

/**
 * The life of a batch of a file, beside the state of its job (`queued` until a worker has seen it, then `in_progress`):
 *
 * | phase       | what is done                                   | goes on                                              |
 * |-------------|------------------------------------------------|------------------------------------------------------|
 * | validating  | every line is checked                          | invalid; in_progress; cancelling; expiring           |
 * | invalid     | nothing                                        | the job fails                                        |
 * | in_progress | lines become jobs, or batches at vendors ({@link NativePart}); their results lines of files | finalizing; cancelling; expiring |
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
  /** Only where vendors run it by batches of their own. */
  native?: NativePart[];
}

/**
 * A batch at a vendor: the lines of a stretch of the input file that one target answers.
 *
 * | state     | what is known                                      | goes on                                                |
 * |-----------|----------------------------------------------------|--------------------------------------------------------|
 * | planned   | its lines                                          | sending; dropped, when the batch is cancelled before; failed: a budget has no room for it |
 * | sending   | since when the vendor may have it; its file there  | sent: the vendor has told, or has been asked; planned: it was asked and has none; failed: it refuses |
 * | sent      | the vendor's id                                    | collecting; planned, perhaps in smaller ones: the vendor had no room; failed; dropped: it cannot be reached any more |
 * | collecting| where its results are                              | collected                                              |
 * | collected | all that the vendor has answered is in the files   | –                                                      |
 * | failed    | why no line of it was answered                     | –                                                      |
 * | dropped   | nothing of it is waited for                        | –                                                      |
 *
 * Nothing is sent twice, whoever dies: the id of a batch at a vendor is stored before anything else is done with it, and from
 * `sending` on none is sent before the vendor has been asked for one with this batch's marker, and a POST that may be under way
 * can no longer leave: see find-sent.ts of the worker.
 */
export interface NativePart {
  state: 'planned' | 'sending' | 'sent' | 'collecting' | 'collected' | 'failed' | 'dropped';
  provider: string;
  /** The upstream's name. */
  model: string;
  type: 'chat' | 'embedding';
  /** Index of the first line of the stretch, where it begins in the file, and the index behind the last. */
  from: number;
  cursor: number;
  to: number;
  /** How many of the stretch it has. */
  lines: number;
  /** What its lines take, as far as it was reckoned: known from the first time that a budget or the vendor's room asks for it. */
  tokens?: { input: number; output: number };
  /** The vendor has had no room for it, or for what it is a piece of: the next waits until this one is known to be in. */
  isTight?: true;
  /** By what the API key is known that sent it: only its account has what was sent. */
  keyId?: string;
  /** Since when a POST of it may be under way, epoch milliseconds. */
  sendingAtMs?: number;
  uploadId?: string;
  vendorId?: string;
  /** Where its results are read at the vendor. */
  results?: string[];
  /** When the vendor is asked again, epoch milliseconds, and how long that was after the time before. */
  nextMs?: number;
  pauseMs?: number;
  /** When the vendor was asked to end it early, epoch milliseconds. */
  endingAtMs?: number;
  /** What the vendor has counted. */
  counts?: { succeeded: number; failed: number };
  error?: ErrorData;
  /** The vendor's time ended before all lines had an answer. */
  isExpired?: true;
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
