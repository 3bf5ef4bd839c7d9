import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { errorCodes, SluiceError, type ErrorCode } from '@sluice/contracts';
import type { Logger } from '@sluice/runtime';

import { replyJson, requestIdOf } from '../http/reply.ts';
import { fromRedisFailure } from '../redis-failure.ts';

/** The one place where a code becomes an HTTP status. */
export const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  invalid_json: 400,
  wrong_body_format: 422,
  blocked_address: 400,
  invalid_api_key: 401,
  budget_exceeded: 402,
  insufficient_scope: 403,
  already_exists: 409,
  not_found: 404,
  model_not_found: 404,
  app_not_found: 404,
  method_not_allowed: 405,
  job_not_cancellable: 409,
  job_not_paused: 409,
  job_not_ended: 409,
  job_not_retryable: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  idempotency_key_in_use: 409,
  queue_full: 429,
  unavailable: 503,
  overloaded: 503,
  internal_error: 500,
  // How a job ended: shown inside the job, and as a status only by routes that answer with the result itself.
  rate_limited: 429,
  quota_exceeded: 429,
  upstream_overloaded: 503,
  upstream_auth: 502,
  upstream_not_found: 502,
  upstream_invalid_request: 400,
  context_length_exceeded: 400,
  empty_reply: 400,
  content_filtered: 400,
  upstream_timeout: 504,
  upstream_unreachable: 502,
  upstream_truncated: 502,
  bad_upstream: 502,
  upstream_error: 502,
  workflow_failed: 502,
  download_failed: 502,
  cancelled: 409,
  expired: 504,
  cache_miss: 504,
  wait_timeout: 504,
  quarantined: 500,
  interrupted: 500,
  permit_expired: 500,
};

/** How the errors of a route are written, where it is not the usual way. */
export interface ErrorFormat {
  /** The body, as JSON. */
  write(error: SluiceError, requestId: string): string;
  /** The status, where the vendor has others than {@link statusOf}. */
  status?(code: ErrorCode): number;
  /** What the vendor calls the header with the request's id, which its client reads. */
  requestIdHeader?: string;
}

/** Errors in Sluice's own words, in OpenAI's form. */
export const usualErrors: ErrorFormat = {
  write: ({ code, message, param }, requestId) =>
    JSON.stringify({
      error: { message, type: errorCodes[code].type, param: param ?? null, code },
      request_id: requestId,
    }),
};

/** Says how errors are written from here on, those of the middleware behind it included. */
export function writeErrorsAs(format: ErrorFormat): RequestHandler {
  return (_request, response, next) => {
    response.locals['errorFormat'] = format;
    if (format.requestIdHeader) response.setHeader(format.requestIdHeader, requestIdOf(response));
    next();
  };
}

/**
 * Answers every error, in OpenAI's form unless the route has another one. Of an internal error the client learns nothing but
 * the request's id.
 */
export function handleErrors(log: Logger) {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, request: Request, response: Response, _next: NextFunction): void => {
    const error = toSluiceError(thrown);
    const status = formatOf(response).status?.(error.code) ?? statusOf[error.code];
    const requestId = requestIdOf(response);
    const line = { requestId, method: request.method, path: request.path, code: error.code };
    if (error.code === 'internal_error') log.error({ ...line, err: thrown }, 'request failed');
    // Without `param`: of an unknown field it is the client's own text.
    else log.debug(line, 'request refused');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    replyJson(response, status, errorBody(error, response), headersFor(status, error));
  };
}

/** A spent budget is no 429: SDKs would try again and again. @see https://github.com/openai/openai-node */
function headersFor(
  status: number,
  { code, retryAfterMs = 1_000 }: SluiceError,
): Record<string, string> {
  if (status === 402) return { 'X-Should-Retry': 'false' };
  const comesBack = status === 503 || status === 529 || status === 429;
  if (!comesBack && code !== 'idempotency_key_in_use') return {};
  return { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) };
}

/** The body of an answer that tells of an error. */
export function errorBody(error: SluiceError, response: Response): string {
  const shown =
    error.code === 'internal_error'
      ? new SluiceError('internal_error', 'an internal error; the log has it by request_id')
      : error;
  return formatOf(response).write(shown, requestIdOf(response));
}

function formatOf(response: Response): ErrorFormat {
  // Express types what middleware leaves in `locals` as any; writeErrorsAs puts a format there.
  return (response.locals['errorFormat'] as ErrorFormat | undefined) ?? usualErrors;
}

/** Any thrown value as what the client is told. */
export function toSluiceError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const failure = fromRedisFailure(thrown);
  if (failure) return failure;
  // Express's own refusals, such as a path that cannot be decoded.
  if (thrown instanceof Error && 'status' in thrown && Number(thrown.status) < 500) {
    return new SluiceError('invalid_request', thrown.message, { cause: thrown });
  }
  return SluiceError.from(thrown);
}
