import { childJobId, type Attempt, type JobEnding, type JobRequest } from '@sluice/contracts';

/**
 * Requests and endings for this package's tests. Nothing else imports them.
 */

/** A chat job of tenant `t1` that may wait ten minutes. */
export function chatRequest(
  jobId: string,
  nowMs: number,
  changes?: Partial<JobRequest>,
): JobRequest {
  return {
    jobId,
    tenantId: 't1',
    type: 'chat',
    model: 'sim-chat',
    input: { messages: [{ role: 'user', content: 'Hello' }] },
    priority: 'normal',
    lane: 'sim',
    createdAtMs: nowMs,
    startByMs: nowMs + 600_000,
    deadlineMs: nowMs + 3_600_000,
    attemptTimeoutMs: 60_000,
    cacheMode: 'default',
    ...changes,
  };
}

/** A batch of `size` chat requests. */
export function batchRequest(jobId: string, nowMs: number, size: number): JobRequest {
  const requests = Array.from({ length: size }, () => ({
    type: 'chat' as const,
    model: 'sim-chat',
    input: { messages: [{ role: 'user' as const, content: 'Hello' }] },
  }));
  return chatRequest(jobId, nowMs, { type: 'batch', model: 'batch', input: { requests } });
}

/** The children of {@link batchRequest}, as the batch feeder makes them. */
export function childRequests(batchId: string, nowMs: number, size: number): JobRequest[] {
  return Array.from({ length: size }, (_, index) =>
    chatRequest(childJobId(batchId, index), nowMs, { batch: { batchId, index } }),
  );
}

export const webhook = {
  url: 'https://example.com/hook',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};

export function attempt(number: number, outcome: Attempt['outcome'] = 'succeeded'): Attempt {
  return {
    number,
    provider: 'sim',
    model: 'sim-1',
    started_at_ms: 1_000 * number,
    ended_at_ms: 1_000 * number + 500,
    outcome,
  };
}

/** A successful ending with the answer `content`. */
export function completed(content = 'Hi'): JobEnding {
  return {
    state: 'completed',
    result: {
      type: 'chat',
      message: { role: 'assistant', content },
      finish_reason: { unified: 'stop', raw: 'stop' },
    },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3, source: 'provider' },
    costUsd: '0.000012',
    cache: { status: 'miss' },
    attempt: attempt(1),
  };
}

/** An ending without a result. */
export function ended(state: 'failed' | 'cancelled' | 'expired'): JobEnding {
  const code = state === 'failed' ? 'upstream_error' : state;
  return { state, error: { code, message: `It ${state}.`, retryable: false } };
}
