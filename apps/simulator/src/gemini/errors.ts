import type { Reply } from '../server/call.ts';

/** Content-Type of every JSON reply. */
export const JSON_TYPE = 'application/json; charset=UTF-8';

const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
  403: 'The caller does not have permission',
  404: 'Requested entity was not found.',
  413: 'Request payload size exceeds the limit: 67108864 bytes.',
  429: 'Resource has been exhausted (e.g. check quota).',
  500: 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  503: 'The model is overloaded. Please try again later.',
  504: 'Deadline expired before operation could complete.',
};

/** The JSON of an error in Google's form. */
export type GeminiErrorBody = {
  error: { code: number; message: string; status: string; details?: object[] };
};

/**
 * The body of an error.
 * @see https://ai.google.dev/gemini-api/docs/troubleshooting
 */
export function geminiErrorBody(
  status: number,
  message: string,
  details: object[] = [],
): GeminiErrorBody {
  const name = NAMES[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'UNKNOWN');
  const error = { code: status, message, status: name };
  return { error: details.length === 0 ? error : { ...error, details } };
}

/** An error in Google's form; `details` are of `google.rpc` types. */
export function geminiError(status: number, message: string, details: object[] = []): Reply {
  const body = JSON.stringify(geminiErrorBody(status, message, details));
  return { status, headers: { 'content-type': JSON_TYPE }, body };
}

/** A 400 for a field of the request, named as in the vendor's proto. */
export function invalidField(field: string, problem: string): Reply {
  return geminiError(400, `* GenerateContentRequest.${field}: ${problem}\n`);
}

/** The 400 for a body that is no JSON object. */
export function invalidJson(): Reply {
  return geminiError(400, 'Invalid JSON payload received. Expected an object.');
}

/** The error Google sends with a status when the request itself is not to blame; 502 is HTML. */
export function standardError(status: number): Reply {
  if (status === 502) return gatewayPage();
  return geminiError(status, MESSAGES[status] ?? `The request was refused (${status}).`);
}

/** The 403 without a key, and the 400 for a wrong one. */
export function invalidKey(key: string): Reply {
  if (key === '') {
    const message =
      "Method doesn't allow unregistered callers (callers without established identity). " +
      'Please use API Key or other form of API consumer identity to call this API.';
    return geminiError(403, message);
  }
  const detail = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'API_KEY_INVALID',
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  };
  return geminiError(400, 'API key not valid. Please pass a valid API key.', [detail]);
}

function gatewayPage(): Reply {
  const body =
    '<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n' +
    '<p><b>502.</b> <ins>That’s an error.</ins>\n' +
    '<p>The server encountered a temporary error and could not complete your request.\n</html>\n';
  return { status: 502, headers: { 'content-type': 'text/html; charset=UTF-8' }, body };
}
