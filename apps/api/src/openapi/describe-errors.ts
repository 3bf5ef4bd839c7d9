import { errorCodes, type ErrorCode } from '@sluice/contracts';

import { statusOf } from '../middleware/handle-error.ts';

type Json = Record<string, unknown>;

/** What makes a route answer with an error. */
export interface ErrorCauses {
  access: string;
  /** Parameters in its path. */
  inPath: boolean;
  hasQuery: boolean;
  hasBody: boolean;
  /** Beside what the rest says. */
  more: readonly ErrorCode[];
  /** Whose form they have, where it is not the usual one. */
  form?: 'Dify' | 'Anthropic' | '';
  /** The status of a code, where that vendor has others. */
  status?: ((code: ErrorCode) => number) | undefined;
}

/** What clients read most; every other code is its own example. */
const messages: Partial<Record<ErrorCode, { message: string; param?: string }>> = {
  invalid_request: {
    message: 'input.messages[0].role: must be one of system, user, assistant, tool; got "usr"',
    param: 'input.messages[0].role',
  },
  invalid_json: { message: 'the body is not valid JSON: Unexpected end of JSON input' },
  blocked_address: {
    message: 'webhook.url: 10.0.0.1 is a private address',
    param: 'webhook.url',
  },
  invalid_api_key: {
    message:
      'the API key is not valid; send it as "Authorization: Bearer <key>" or "X-API-Key: <key>"',
  },
  insufficient_scope: { message: 'this needs an API key with the scope "submit"' },
  not_found: {
    message: 'there is no job "job_1"; ended jobs are erased after a while',
    param: 'id',
  },
  model_not_found: { message: 'there is no model "gpt"; did you mean "gpt-5"?', param: 'model' },
  method_not_allowed: { message: 'PUT is not allowed here; allowed: GET, POST' },
  body_too_large: { message: 'the body must not exceed 10485760 bytes, decoded' },
  unsupported_media_type: {
    message: 'Content-Type must be application/json in UTF-8; got "text/plain"',
  },
  idempotency_key_reused: {
    message: 'Idempotency-Key: this key was used with another body; use a new key for a new job',
    param: 'Idempotency-Key',
  },
  idempotency_key_in_use: {
    message: 'Idempotency-Key: the first call with this key is still being answered',
    param: 'Idempotency-Key',
  },
  rate_limited: { message: 'this API key sends more requests than it may' },
  unavailable: { message: 'Redis does not answer: nothing was stored' },
  overloaded: { message: 'Redis is nearly full: no new work is taken' },
  internal_error: { message: 'an internal error; the log has it by request_id' },
};

/** One response for each status that is an error, with an example of each code that has it. */
export function errorResponses(): Record<string, Json> {
  const byStatus = Map.groupBy(codes, (code) => statusOf[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [
      nameOf(status),
      {
        description: sharing.map((code) => `\`${code}\``).join(', '),
        ...(status === 429 || status === 503 ? { headers: retryAfter } : {}),
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/Error' },
            examples: Object.fromEntries(sharing.map((code) => [code, { value: example(code) }])),
          },
        },
      },
    ]),
  );
}

/** References to the errors that a route may answer with, by status; any other has the same form. */
export function errorsOf(causes: ErrorCauses): Record<string, Json> {
  const possible: ErrorCode[] = ['internal_error', ...causes.more];
  if (causes.access !== 'open') possible.push('invalid_api_key', 'rate_limited', 'unavailable');
  if (causes.access !== 'open' && causes.access !== 'any') possible.push('insufficient_scope');
  if (causes.inPath) possible.push('not_found');
  if (causes.hasQuery || causes.hasBody) possible.push('invalid_request');
  if (causes.hasBody) possible.push('body_too_large', 'unsupported_media_type');
  const { form = '', status: statusIn = (code) => statusOf[code] } = causes;
  const statuses = [...new Set(possible.map(statusIn))].sort((a, b) => a - b);
  const nameFor = (status: number) => (form === '' ? nameOf(status) : `${form}Error`);
  return Object.fromEntries([
    ...statuses.map((status) => [String(status), reference(nameFor(status))]),
    ['default', reference(`${form}Error`)],
  ]);
}

// The table's own keys.
const codes = Object.keys(errorCodes) as ErrorCode[];

const retryAfter = {
  'Retry-After': { description: 'seconds to wait', schema: { type: 'integer' } },
};

function nameOf(status: number): string {
  return `Error${status}`;
}

function reference(name: string): Json {
  return { $ref: `#/components/responses/${name}` };
}

function example(code: ErrorCode): Json {
  const { message, param = null } = messages[code] ?? { message: code.replaceAll('_', ' ') };
  return {
    error: { message, type: errorCodes[code].type, param, code },
    request_id: 'req_01kbg3v0x2q7h5m9n4p6r8t0w2_1',
  };
}
