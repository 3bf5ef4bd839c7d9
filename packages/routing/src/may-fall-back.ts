import type { ErrorCode, ErrorData } from '@sluice/contracts';

/**
 * Whether another target may succeed where this one failed for good, by code. A request that no upstream would take, a job
 * that its owner ended and a fault of Sluice itself stay where they are. A workflow that ran and failed is not run again
 * elsewhere: it may have acted on the world.
 */
const elsewhereMaySucceed = {
  invalid_request: false,
  invalid_json: false,
  body_too_large: false,
  unsupported_media_type: false,
  invalid_api_key: false,
  insufficient_scope: false,
  already_exists: false,
  not_found: false,
  method_not_allowed: false,
  model_not_found: false,
  app_not_found: false,
  job_not_cancellable: false,
  job_not_paused: false,
  job_not_ended: false,
  job_not_retryable: false,
  idempotency_key_reused: false,
  queue_full: false,
  blocked_address: false,
  unavailable: false,
  overloaded: false,
  internal_error: false,
  rate_limited: true,
  upstream_overloaded: true,
  quota_exceeded: true,
  upstream_auth: true,
  upstream_not_found: true,
  upstream_invalid_request: false,
  // Another model may have a longer context.
  context_length_exceeded: true,
  content_filtered: false,
  upstream_timeout: true,
  upstream_unreachable: true,
  upstream_truncated: true,
  bad_upstream: true,
  upstream_error: true,
  workflow_failed: false,
  download_failed: false,
  cancelled: false,
  expired: false,
  quarantined: false,
  interrupted: false,
  permit_expired: false,
} as const satisfies Record<ErrorCode, boolean>;

/** Whether the next target may be tried after this error. The caller retries the same target first, while it may. */
export function mayFallBack(error: Pick<ErrorData, 'code'>): boolean {
  return elsewhereMaySucceed[error.code];
}
