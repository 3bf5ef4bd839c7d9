import type { Violation } from '../limits/scope-limiter.ts';
import type { Reply } from '../server/call.ts';

/**
 * An error in Dify's form.
 * @see https://docs.dify.ai/api-reference
 */
export function difyError(status: number, code: string, message: string): Reply {
  return { status, body: JSON.stringify({ code, message, status }) };
}

/** A 400 for a wrong body or query. */
export function invalidParam(message: string): Reply {
  return difyError(400, 'invalid_param', message);
}

/** A 404. */
export function notFound(message: string): Reply {
  return difyError(404, 'not_found', message);
}

/** The 401 of a missing or wrong app key. */
export function unauthorized(key: string): Reply {
  const message =
    key === ''
      ? "Authorization header must be provided and start with 'Bearer'"
      : 'Access token is invalid';
  const reply = difyError(401, 'unauthorized', message);
  return { ...reply, headers: { 'www-authenticate': 'Bearer realm="api"' } };
}

/**
 * The 429 of a broken limit. Dify sends no Retry-After: the concurrency limit names its number, the
 * request limit is the quota of a plan and does not say when it ends.
 */
export function limitedReply({ dimension, limit }: Violation): Reply {
  if (dimension !== 'concurrency') {
    return difyError(429, 'rate_limit_error', 'Rate Limit Error');
  }
  const message =
    'Too many requests. Please try again later. ' +
    `The current maximum concurrent requests allowed is ${limit}.`;
  return difyError(429, 'too_many_requests', message);
}

/** The error Dify sends with a status when the request itself is not to blame. */
export function standardError(status: number): Reply {
  if (status === 401) return unauthorized('app-unknown');
  if (status === 404) return notFound('The requested URL was not found on the server.');
  if (status === 413) return difyError(413, 'file_too_large', 'File size exceeded.');
  if (status === 429) {
    return difyError(429, 'too_many_requests', 'Too many requests. Please try again later.');
  }
  if (status === 500) return difyError(500, 'internal_server_error', 'Internal Server Error.');
  if (status > 500) return gatewayPage(status);
  return difyError(status, 'bad_request', `The request was refused (${status}).`);
}

function gatewayPage(status: number): Reply {
  const body = `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><h1>Error ${status}</h1></body></html>\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}
