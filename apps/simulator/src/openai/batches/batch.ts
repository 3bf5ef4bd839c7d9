import type { StoredFile } from './files-routes.ts';

/** States of OpenAI's batches. */
export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

/** What is wrong with a line of an input file. */
export type LineError = {
  code: string;
  message: string;
  line: number | null;
  param: string | null;
};

/** A batch and how far it is. Times are Unix seconds. */
export type Batch = {
  id: string;
  key: string;
  endpoint: string;
  input: StoredFile;
  metadata: Record<string, string> | null;
  window: string;
  status: BatchStatus;
  errors: LineError[];
  /** Whom its lines ask, and their tokens while it has not ended. */
  model: string;
  enqueuedTokens: number;
  total: number;
  output: string[];
  failed: string[];
  outputFileId: string | null;
  errorFileId: string | null;
  times: Partial<Record<`${Exclude<BatchStatus, 'validating'>}_at` | 'created_at', number>>;
  cancel: AbortController;
};

/** @see https://platform.openai.com/docs/api-reference/batch/object */
export function describeBatch(batch: Batch): object {
  const { id, endpoint, input, window, status, errors, times, outputFileId, errorFileId } = batch;
  const created = times.created_at ?? 0;
  const at = (name: keyof Batch['times']) => times[name] ?? null;
  return {
    id,
    object: 'batch',
    endpoint,
    errors: errors.length > 0 ? { object: 'list', data: errors } : null,
    input_file_id: input.id,
    completion_window: window,
    status,
    output_file_id: outputFileId,
    error_file_id: errorFileId,
    created_at: created,
    in_progress_at: at('in_progress_at'),
    expires_at: created + 86_400,
    finalizing_at: at('finalizing_at'),
    completed_at: at('completed_at'),
    failed_at: at('failed_at'),
    expired_at: at('expired_at'),
    cancelling_at: at('cancelling_at'),
    cancelled_at: at('cancelled_at'),
    request_counts: {
      total: batch.total,
      completed: batch.output.length,
      failed: batch.failed.length,
    },
    metadata: batch.metadata,
  };
}
