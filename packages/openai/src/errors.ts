import { errorCodes, type ErrorCode } from '@sluice/contracts';

/** Errors that OpenAI has too, in its words; all others keep Sluice's. */
const inItsWords: Partial<Record<ErrorCode, { type: string; code: string }>> = {
  invalid_api_key: { type: 'invalid_request_error', code: 'invalid_api_key' },
  model_not_found: { type: 'invalid_request_error', code: 'model_not_found' },
  app_not_found: { type: 'invalid_request_error', code: 'model_not_found' },
  context_length_exceeded: { type: 'invalid_request_error', code: 'context_length_exceeded' },
  upstream_invalid_request: { type: 'invalid_request_error', code: 'invalid_request' },
  empty_reply: { type: 'invalid_request_error', code: 'empty_reply' },
  content_filtered: { type: 'invalid_request_error', code: 'content_filter' },
  rate_limited: { type: 'requests', code: 'rate_limit_exceeded' },
  queue_full: { type: 'requests', code: 'rate_limit_exceeded' },
  quota_exceeded: { type: 'insufficient_quota', code: 'insufficient_quota' },
  budget_exceeded: { type: 'insufficient_quota', code: 'budget_exceeded' },
  upstream_overloaded: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
  overloaded: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
};

/** Codes of errors on routes of OpenAI that are none of {@link errorCodes}. */
export const openaiCodes: readonly string[] = [
  ...new Set(Object.values(inItsWords).map(({ code }) => code)),
].filter((code) => !Object.hasOwn(errorCodes, code));

/** Types of such errors that no other error has. */
export const openaiErrorTypes: readonly string[] = [
  ...new Set(Object.values(inItsWords).map(({ type }) => type)),
];

/** What OpenAI says of an error. */
export function openaiError(error: {
  code: ErrorCode;
  message: string;
  param?: string | undefined;
}): { message: string; type: string; param: string | null; code: string } {
  const { code, message, param = null } = error;
  const { type, code: shown } = inItsWords[code] ?? { type: errorCodes[code].type, code };
  return { message, type, param, code: shown };
}
