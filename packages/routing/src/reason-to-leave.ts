import type { ErrorCode, ErrorData } from '@sluice/contracts';

/**
 * Why a job leaves a target: it failed, it cannot be called in time, the prompt does not fit, or its filter refused the
 * prompt. Each has its own rules of where the job may go.
 */
export type Reason = 'error' | 'wait' | 'contextWindow' | 'contentFilter';

/**
 * What another target may do better where this one failed for good, by code. A request that no upstream would take, a job
 * that its owner ended and a fault of Sluice itself stay where they are. A workflow that ran and failed is not run again
 * elsewhere: it may have acted on the world.
 */
const reasons = {
  invalid_request: undefined,
  invalid_json: undefined,
  wrong_body_format: undefined,
  wait_timeout: undefined,
  body_too_large: undefined,
  unsupported_media_type: undefined,
  invalid_api_key: undefined,
  insufficient_scope: undefined,
  already_exists: undefined,
  not_found: undefined,
  method_not_allowed: undefined,
  model_not_found: undefined,
  app_not_found: undefined,
  budget_exceeded: undefined,
  job_not_cancellable: undefined,
  job_not_paused: undefined,
  job_not_ended: undefined,
  job_not_retryable: undefined,
  idempotency_key_reused: undefined,
  idempotency_key_in_use: undefined,
  blocked_address: undefined,
  queue_full: undefined,
  unavailable: undefined,
  overloaded: undefined,
  internal_error: undefined,
  rate_limited: 'error',
  upstream_overloaded: 'error',
  quota_exceeded: 'error',
  upstream_auth: 'error',
  upstream_not_found: 'error',
  upstream_invalid_request: undefined,
  context_length_exceeded: 'contextWindow',
  empty_reply: undefined,
  content_filtered: 'contentFilter',
  upstream_timeout: 'error',
  upstream_unreachable: 'error',
  upstream_truncated: 'error',
  bad_upstream: 'error',
  upstream_error: 'error',
  workflow_failed: undefined,
  download_failed: undefined,
  cancelled: undefined,
  expired: undefined,
  cache_miss: undefined,
  quarantined: undefined,
  interrupted: undefined,
  permit_expired: undefined,
} as const satisfies Record<ErrorCode, Reason | undefined>;

/** `undefined` where no other target may help. The caller retries the same target first, while it may. */
export function reasonToLeave(error: Pick<ErrorData, 'code'>): Reason | undefined {
  return reasons[error.code];
}
