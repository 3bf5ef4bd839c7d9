import type { ErrorCode } from '@sluice/contracts';

import { statusOf, type ErrorFormat } from '../middleware/handle-error.ts';

/** Statuses that Anthropic has and Sluice's own routes have not. */
const itsStatus: Partial<Record<ErrorCode, number>> = {
  overloaded: 529,
  upstream_overloaded: 529,
  quota_exceeded: 402,
  idempotency_key_reused: 409,
};

const typeOfStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** What Anthropic says of an error. `details` has Sluice's code of it, and the field where one is to blame. */
export interface AnthropicError {
  type: 'error';
  error: { type: string; message: string; details: { error_code: ErrorCode; param?: string } };
  request_id: string;
}

export function anthropicError(
  error: { code: ErrorCode; message: string; param?: string | undefined },
  requestId: string,
): AnthropicError {
  const { code, message, param } = error;
  const status = anthropicStatus(code);
  const type = typeOfStatus[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const details = { error_code: code, ...(param !== undefined && { param }) };
  return { type: 'error', error: { type, message, details }, request_id: requestId };
}

function anthropicStatus(code: ErrorCode): number {
  return itsStatus[code] ?? statusOf[code];
}

/** Errors of Anthropic's routes. @see https://platform.claude.com/docs/en/api/errors */
export const anthropicErrors: ErrorFormat = {
  write: (error, requestId) => JSON.stringify(anthropicError(error, requestId)),
  status: anthropicStatus,
  requestIdHeader: 'request-id',
};
