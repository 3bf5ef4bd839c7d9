import {
  isTerminal,
  SluiceError,
  type JobRecord,
  type TerminalState,
  type WebhookEvent,
} from '@sluice/contracts';

/** An ended job's record. */
interface EndedJob extends JobRecord {
  state: TerminalState;
  endedAtMs: number;
}

/**
 * What the webhook of an ended job says. Pure: the same record gives the same event on every attempt.
 * @throws SluiceError `internal_error` if the job has not ended.
 */
export function buildEvent(record: JobRecord, eventId: string): WebhookEvent {
  assertEnded(record);
  return {
    id: eventId,
    type: `${record.type}.${record.state}`,
    timestamp: new Date(record.endedAtMs).toISOString(),
    data: {
      job_id: record.jobId,
      object: 'job',
      state: record.state,
      ...named(record),
      ...(record.metadata && { metadata: record.metadata }),
      ...(record.user !== undefined && { user: record.user }),
      ...(record.result && { result: record.result }),
      ...(record.error && { error: record.error }),
      ...(record.usage && { usage: record.usage }),
      ...(record.costUsd !== undefined && { cost_usd: record.costUsd }),
      latency_ms: record.endedAtMs - record.createdAtMs,
    },
  };
}

function named(record: EndedJob): Partial<WebhookEvent['data']> {
  // As OpenAI's own events of batches name it.
  if (record.type === 'batch') return record.fileBatch ? { id: record.jobId } : {};
  if (record.type === 'workflow') return { app: record.model, ...difyFields(record) };
  return { model: record.model };
}

function assertEnded(record: JobRecord): asserts record is EndedJob {
  if (isTerminal(record.state) && record.endedAtMs !== undefined) return;
  throw new SluiceError(
    'internal_error',
    `job ${record.jobId} is ${record.state}: only an ended job has an event`,
  );
}

/** Dify's word for an ending that Dify did not see. It has no word for expired: the run failed to happen. */
const difyStatus: Record<TerminalState, string> = {
  completed: 'succeeded',
  failed: 'failed',
  cancelled: 'stopped',
  expired: 'failed',
};

/**
 * `status` and `outputs` as in Dify's own `workflow_finished` event.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
function difyFields({ state, result }: EndedJob): {
  status: string;
  outputs: Record<string, unknown>;
} {
  if (result?.type === 'workflow') return { status: result.status, outputs: result.outputs };
  return { status: difyStatus[state], outputs: {} };
}
