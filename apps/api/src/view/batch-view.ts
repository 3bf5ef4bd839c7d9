import type { BatchStatus, BatchView, FileBatchInput, JobRecord } from '@sluice/contracts';
import { roundCost } from '@sluice/metering';
import { responseUsage } from '@sluice/openai';

/** A batch of a file: everything of its record that is shown. */
export interface ShownBatch extends Omit<JobRecord, 'result'> {
  input: FileBatchInput;
  fileBatch: NonNullable<JobRecord['fileBatch']>;
  progress: NonNullable<JobRecord['progress']>;
}

/** As OpenAI shows it. A file is named as soon as it has its first line. @see https://platform.openai.com/docs/api-reference/batch/object */
export function batchView(batch: ShownBatch): BatchView {
  const { jobId, input, fileBatch, state, endedAtMs } = batch;
  const { sums, problems } = fileBatch;
  const endedAs = (wanted: JobRecord['state']) =>
    state === wanted && endedAtMs !== undefined ? seconds(endedAtMs) : null;
  return {
    id: jobId,
    object: 'batch',
    endpoint: input.endpoint,
    errors: problems ? { object: 'list', data: problems } : null,
    input_file_id: input.input_file_id,
    completion_window: input.completion_window,
    status: statusOf(batch),
    output_file_id: sums.outputLines > 0 ? input.output_file_id : null,
    error_file_id: sums.errorLines > 0 ? input.error_file_id : null,
    created_at: seconds(batch.createdAtMs),
    in_progress_at: orNull(fileBatch.inProgressAtMs),
    expires_at: seconds(batch.startByMs),
    finalizing_at: orNull(fileBatch.finalizingAtMs),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: orNull(fileBatch.cancellingAtMs),
    cancelled_at: endedAs('cancelled'),
    request_counts: countsOf(batch),
    ...(sums.usage.total_tokens > 0 && { usage: responseUsage(sums.usage) }),
    metadata: batch.metadata ?? null,
    cost_usd: roundCost(sums.costUsd),
  };
}

function statusOf({ state, fileBatch }: ShownBatch): BatchStatus {
  switch (state) {
    case 'completed':
    case 'failed':
    case 'cancelled':
    case 'expired':
      return state;
    case 'queued':
    case 'in_progress':
    case 'paused':
      return liveStatus[fileBatch.phase];
  }
}

const liveStatus = {
  validating: 'validating',
  invalid: 'validating',
  in_progress: 'in_progress',
  cancelling: 'cancelling',
  expiring: 'finalizing',
  finalizing: 'finalizing',
} as const;

function countsOf({ progress, state }: ShownBatch): BatchView['request_counts'] {
  const { total, ended, failed } = progress;
  if (state === 'failed') return { total: 0, completed: 0, failed: 0 };
  return { total, completed: ended - failed, failed };
}

function orNull(timeMs: number | undefined): number | null {
  return timeMs === undefined ? null : seconds(timeMs);
}

function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}
