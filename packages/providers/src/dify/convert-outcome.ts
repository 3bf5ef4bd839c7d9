import type { UpstreamHandle, WorkflowResult } from '@sluice/contracts';

import { isRecord } from '../http/error-fields.ts';
import type { RunDetail } from './run-detail.ts';

const endedAs: Record<string, WorkflowResult['status']> = {
  succeeded: 'succeeded',
  'partial-succeeded': 'partial-succeeded',
  failed: 'failed',
  stopped: 'stopped',
};

/** How a run ended; undefined for one that has not. */
export function convertOutcome(
  detail: RunDetail,
  handle: UpstreamHandle | undefined,
): WorkflowResult | undefined {
  const status = endedAs[detail.status];
  if (!status) return undefined;
  return {
    type: 'workflow',
    status,
    outputs: outputsOf(detail.outputs),
    error: detail.error || null,
    ...idsOf(handle),
    ...(detail.workflow_id && { workflow_id: detail.workflow_id }),
    ...(isNumber(detail.elapsed_time) && { elapsed_time: detail.elapsed_time }),
    ...(isNumber(detail.total_tokens) && { total_tokens: detail.total_tokens }),
    ...(isNumber(detail.total_steps) && { total_steps: detail.total_steps }),
    ...(detail.files && detail.files.length > 0 && { files: detail.files }),
  };
}

/** The ids by which Dify knows the run. */
export function idsOf(handle: UpstreamHandle | undefined): Partial<WorkflowResult> {
  const { task_id, run_id, conversation_id, message_id } = handle ?? {};
  return {
    ...(task_id !== undefined && { task_id }),
    ...(run_id !== undefined && { workflow_run_id: run_id }),
    ...(conversation_id !== undefined && { conversation_id }),
    ...(message_id !== undefined && { message_id }),
  };
}

function outputsOf(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  if (typeof value !== 'string' || value === '') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : { text: value };
  } catch {
    return { text: value };
  }
}

function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
