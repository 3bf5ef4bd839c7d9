import type { ErrorCode } from '@sluice/contracts';

import { statusOf, type ErrorFormat } from '../middleware/handle-error.ts';

/** Errors that Dify has too, in its words; all others keep Sluice's. */
const inItsWords: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'invalid_param',
  invalid_json: 'bad_request',
  invalid_api_key: 'unauthorized',
  insufficient_scope: 'forbidden',
  app_not_found: 'app_unavailable',
  body_too_large: 'file_too_large',
  rate_limited: 'too_many_requests',
  queue_full: 'too_many_requests',
  quota_exceeded: 'provider_quota_exceeded',
  upstream_auth: 'provider_not_initialize',
  upstream_invalid_request: 'invalid_param',
  upstream_not_found: 'not_found',
  upstream_overloaded: 'completion_request_error',
  upstream_error: 'completion_request_error',
  workflow_failed: 'completion_request_error',
  internal_error: 'internal_server_error',
};

/** What Dify says of an error; in its streams as in its bodies. `params` is the field, where one is to blame. */
export interface DifyError {
  code: string;
  message: string;
  params?: string;
  status: number;
}

export function difyError(error: {
  code: ErrorCode;
  message: string;
  param?: string | undefined;
  upstreamCode?: string | undefined;
}): DifyError {
  const { code, message, param, upstreamCode } = error;
  return {
    code: upstreamCode ?? inItsWords[code] ?? code,
    message,
    ...(param !== undefined && { params: param }),
    status: statusOf[code],
  };
}

/** Errors of Dify's routes: its own codes where the error is Dify's or has one there. @see https://docs.dify.ai/api-reference */
export const difyErrors: ErrorFormat = {
  write: (error) => JSON.stringify(difyError(error)),
};
