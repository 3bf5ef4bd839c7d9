import type { Call, Reply } from '../server/call.ts';

/** An error before it is known which request it answers. */
export type AnthropicError = { status: number; type: string; message: string };

/** A 400: the message names the field, as `messages.0.content: Field required`. */
export function invalidRequest(message: string): AnthropicError {
  return { status: 400, type: 'invalid_request_error', message };
}

/** A 404. */
export function notFound(message: string): AnthropicError {
  return { status: 404, type: 'not_found_error', message };
}

/**
 * An error in Anthropic's form.
 * @see https://platform.claude.com/docs/en/api/errors
 */
export function errorReply({ status, type, message }: AnthropicError, call: Call): Reply {
  const body = { type: 'error', error: { type, message }, request_id: call.requestId };
  return { status, body: JSON.stringify(body) };
}

const TYPES: Readonly<Record<number, readonly [type: string, message: string]>> = {
  401: ['authentication_error', 'invalid x-api-key'],
  402: ['billing_error', 'There is a problem with your billing or payment information.'],
  403: ['permission_error', 'Your API key does not have permission to use this resource.'],
  404: ['not_found_error', 'Not found'],
  409: ['conflict_error', 'The request conflicts with the current state of the resource.'],
  413: ['request_too_large', 'Request exceeds the maximum size'],
  429: ['rate_limit_error', 'Number of requests has exceeded your rate limit.'],
  500: ['api_error', 'Internal server error'],
  504: ['timeout_error', 'The request timed out while processing.'],
  529: ['overloaded_error', 'Overloaded'],
};

/** The error Anthropic sends with a status when the request itself is not to blame; 502 is HTML. */
export function standardError(status: number, call: Call): Reply {
  if (status === 502) return gatewayPage();
  const [type, message] = TYPES[status] ?? otherError(status);
  return errorReply({ status, type, message }, call);
}

/** The 401 of a missing or wrong key. */
export function invalidKey(key: string): AnthropicError {
  const message = key === '' ? 'x-api-key header is required' : 'invalid x-api-key';
  return { status: 401, type: 'authentication_error', message };
}

/** What a stream tells of an error after it began. */
export const STREAM_ERROR = {
  type: 'error',
  error: { type: 'overloaded_error', message: 'Overloaded' },
};

function otherError(status: number): readonly [type: string, message: string] {
  if (status >= 500) return ['api_error', 'Internal server error'];
  return ['invalid_request_error', `The request was refused (${status}).`];
}

function gatewayPage(): Reply {
  const title = '502 Bad Gateway';
  return {
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n`,
  };
}
