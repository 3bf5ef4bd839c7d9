import type { Reply } from '../server/call.ts';

/** The parts of OpenAI's error object. */
export type OpenAiError = {
  message: string;
  type?: string;
  param?: string | null;
  code?: string | null;
};

/**
 * An error in OpenAI's form.
 * @see https://platform.openai.com/docs/guides/error-codes
 */
export function openAiError(status: number, error: OpenAiError): Reply {
  return { status, body: openAiErrorBody(error) };
}

/** The JSON of an error. */
export function openAiErrorBody(error: OpenAiError): string {
  const { message, type = 'invalid_request_error', param = null, code = null } = error;
  return JSON.stringify({ error: { message, type, param, code } });
}

/** A 400 that names the wrong parameter. */
export function invalidParameter(message: string, param: string, code = 'invalid_value'): Reply {
  return openAiError(400, { message, param, code });
}

/** The error OpenAI sends with a status when the request itself is not to blame. */
export function standardError(status: number): Reply {
  if (status === 429) {
    const message = 'Rate limit reached. Please try again later.';
    return openAiError(429, { message, type: 'requests', code: 'rate_limit_exceeded' });
  }
  if (status === 401) return invalidKey('sk-…');
  if (status === 404) return openAiError(404, { message: 'Invalid URL', code: 'unknown_url' });
  if (status === 413) return openAiError(413, { message: 'Maximum content size limit exceeded' });
  if (status === 502 || status === 504) return gatewayPage(status);
  if (status === 503) {
    const message = 'The server is currently overloaded. Please try again later.';
    const code = 'server_is_overloaded';
    return openAiError(503, { message, type: 'service_unavailable_error', code });
  }
  if (status < 500) return openAiError(status, { message: `The request was refused (${status}).` });
  const message = 'The server had an error while processing your request. Sorry about that!';
  return openAiError(status, { message, type: 'server_error' });
}

/** The 401 of a missing or wrong key. */
export function invalidKey(key: string): Reply {
  if (key === '') {
    const message =
      "You didn't provide an API key. You need to provide your API key in an Authorization header " +
      'using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).';
    return openAiError(401, { message });
  }
  return openAiError(401, {
    message: `Incorrect API key provided: ${key}.`,
    code: 'invalid_api_key',
  });
}

function gatewayPage(status: number): Reply {
  const title = status === 502 ? '502 Bad Gateway' : '504 Gateway Time-out';
  return {
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  };
}
