/** One request of a batch, and what came of it. */
export type BatchRequest = { customId: string; params: unknown; result: object | undefined };

/** A batch and how far it is. */
export type Batch = {
  id: string;
  key: string;
  requests: BatchRequest[];
  createdAtMs: number;
  endedAtMs: number | undefined;
  cancelledAtMs: number | undefined;
  cancel: AbortController;
};

const DAY_MS = 86_400_000;

/** How a request ended. */
export type ResultType = 'succeeded' | 'errored' | 'canceled' | 'expired';

/**
 * `origin` is where the client has reached the simulator.
 * @see https://platform.claude.com/docs/en/api/messages/batches/retrieve
 */
export function describeBatch(batch: Batch, origin: string): object {
  const { id, requests, createdAtMs, endedAtMs, cancelledAtMs } = batch;
  const hasEnded = endedAtMs !== undefined;
  const count = (type: ResultType) =>
    hasEnded
      ? requests.filter(({ result }) => result && 'type' in result && result.type === type).length
      : 0;
  return {
    id,
    type: 'message_batch',
    processing_status: hasEnded
      ? 'ended'
      : cancelledAtMs === undefined
        ? 'in_progress'
        : 'canceling',
    request_counts: {
      processing: hasEnded ? 0 : requests.length,
      succeeded: count('succeeded'),
      errored: count('errored'),
      canceled: count('canceled'),
      expired: count('expired'),
    },
    created_at: toIso(createdAtMs),
    expires_at: toIso(createdAtMs + DAY_MS),
    ended_at: hasEnded ? toIso(endedAtMs) : null,
    cancel_initiated_at: cancelledAtMs === undefined ? null : toIso(cancelledAtMs),
    archived_at: null,
    results_url: hasEnded ? `${origin}/anthropic/v1/messages/batches/${id}/results` : null,
  };
}

function toIso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
