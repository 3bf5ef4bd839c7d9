/**
 * Every error code that Sluice shows to a client, stores in a record or sends through Redis.
 * `retryable` is the default of the code: whether a later attempt of the same job may succeed.
 */
export const errorCodes = {
  // The client's request.
  invalid_request: { type: 'invalid_request_error', retryable: false },
  /** The body is in the form of another vendor's route. */
  wrong_body_format: { type: 'invalid_request_error', retryable: false },
  invalid_json: { type: 'invalid_request_error', retryable: false },
  body_too_large: { type: 'invalid_request_error', retryable: false },
  unsupported_media_type: { type: 'invalid_request_error', retryable: false },
  invalid_api_key: { type: 'authentication_error', retryable: false },
  insufficient_scope: { type: 'permission_error', retryable: false },
  already_exists: { type: 'invalid_request_error', retryable: false },
  not_found: { type: 'invalid_request_error', retryable: false },
  method_not_allowed: { type: 'invalid_request_error', retryable: false },
  model_not_found: { type: 'invalid_request_error', retryable: false },
  app_not_found: { type: 'invalid_request_error', retryable: false },
  job_not_cancellable: { type: 'invalid_request_error', retryable: false },
  job_not_paused: { type: 'invalid_request_error', retryable: false },
  job_not_retryable: { type: 'invalid_request_error', retryable: false },
  job_not_ended: { type: 'invalid_request_error', retryable: false },
  idempotency_key_reused: { type: 'idempotency_error', retryable: false },
  /** The first call with the key is still being answered. */
  idempotency_key_in_use: { type: 'idempotency_error', retryable: true },
  /** The tenant has as much waiting as it may have. */
  queue_full: { type: 'rate_limit_error', retryable: true },
  blocked_address: { type: 'invalid_request_error', retryable: false },
  /** A budget has no room: of the key, its tenant or the provider. */
  budget_exceeded: { type: 'budget_error', retryable: false },
  // Sluice itself.
  unavailable: { type: 'server_error', retryable: true },
  overloaded: { type: 'server_error', retryable: true },
  internal_error: { type: 'server_error', retryable: true },
  // The upstream.
  rate_limited: { type: 'rate_limit_error', retryable: true },
  upstream_overloaded: { type: 'upstream_error', retryable: true },
  quota_exceeded: { type: 'upstream_error', retryable: false },
  upstream_auth: { type: 'upstream_error', retryable: false },
  upstream_not_found: { type: 'upstream_error', retryable: false },
  upstream_invalid_request: { type: 'upstream_error', retryable: false },
  context_length_exceeded: { type: 'upstream_error', retryable: false },
  /** It came to its limit of tokens before it had written anything; all of them went to thoughts. */
  empty_reply: { type: 'upstream_error', retryable: false },
  content_filtered: { type: 'upstream_error', retryable: false },
  upstream_timeout: { type: 'upstream_error', retryable: true },
  upstream_unreachable: { type: 'upstream_error', retryable: true },
  upstream_truncated: { type: 'upstream_error', retryable: true },
  bad_upstream: { type: 'upstream_error', retryable: true },
  upstream_error: { type: 'upstream_error', retryable: true },
  workflow_failed: { type: 'upstream_error', retryable: false },
  /** A file that the job names by URL could not be fetched. */
  download_failed: { type: 'job_error', retryable: true },
  /** The call could not leave before its permit ran out; it was not sent. */
  permit_expired: { type: 'server_error', retryable: true },
  /** Whoever asked would wait no longer; the job goes on. */
  wait_timeout: { type: 'job_error', retryable: false },
  // The end of a job.
  /** It wanted a reply from the cache only, and there was none. */
  cache_miss: { type: 'job_error', retryable: false },
  cancelled: { type: 'job_error', retryable: false },
  expired: { type: 'job_error', retryable: false },
  quarantined: { type: 'job_error', retryable: false },
  interrupted: { type: 'job_error', retryable: true },
} as const satisfies Record<string, { type: string; retryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** A {@link SluiceError} as it is stored in a record and sent through Redis. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  /** Path of the offending field, as `input.messages[0].role`. */
  param?: string;
  /** How long the upstream asks to wait, in milliseconds, already clamped to a sane range. */
  retryAfterMs?: number;
  /** HTTP status of the upstream's reply. */
  upstreamStatus?: number;
  /** The upstream's own code, kept as it was sent. */
  upstreamCode?: string;
  /** The upstream's id of the failed call. */
  upstreamRequestId?: string;
}

export interface SluiceErrorOptions {
  retryable?: boolean | undefined;
  param?: string | undefined;
  retryAfterMs?: number | undefined;
  upstreamStatus?: number | undefined;
  upstreamCode?: string | undefined;
  upstreamRequestId?: string | undefined;
  cause?: unknown;
}

/** The one error type of Sluice. It crosses Redis as {@link ErrorData}; its message is written for the person who reads it. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly upstreamStatus: number | undefined;
  readonly upstreamCode: string | undefined;
  readonly upstreamRequestId: string | undefined;

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.upstreamStatus = options.upstreamStatus;
    this.upstreamCode = options.upstreamCode;
    this.upstreamRequestId = options.upstreamRequestId;
  }

  toJSON(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.param !== undefined && { param: this.param }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.upstreamStatus !== undefined && { upstreamStatus: this.upstreamStatus }),
      ...(this.upstreamCode !== undefined && { upstreamCode: this.upstreamCode }),
      ...(this.upstreamRequestId !== undefined && { upstreamRequestId: this.upstreamRequestId }),
    };
  }

  static fromJSON(data: ErrorData): SluiceError {
    return new SluiceError(data.code, data.message, data);
  }

  /** Any thrown value as a SluiceError: its own kind unchanged, anything else as `internal_error` with the cause kept. */
  static from(thrown: unknown): SluiceError {
    if (thrown instanceof SluiceError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new SluiceError('internal_error', message, { cause: thrown });
  }
}
