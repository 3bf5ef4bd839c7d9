import type { ErrorCode } from '@sluice/contracts';

import type { ErrorFields } from './error-fields.ts';

/** What an error of an upstream means. Without `retryable`, the default of the code holds. */
export interface Verdict {
  code: ErrorCode;
  retryable?: boolean;
  /** What the operator can do about it, for the message. */
  hint?: string;
}

interface Rule extends Verdict {
  /** One of the error's codes or types, in lower case. */
  codes?: RegExp;
  text?: RegExp;
  /** The statuses in which the rule holds; an error inside a stream has none and is held by all. */
  statuses?: readonly number[];
}

const contextText =
  /prompt is too long|prompt too long|exceeds the context window|maximum context length|context_length_exceeded|context window exceed|input token count.*exceeds the maximum|maximum prompt length is|reduce the length of the messages|longer than the model's context length|exceeds the available context size|greater than the context length|exceeded model token limit|range of input length should be|exceed max length/i;
const quotaText =
  /exceeded your current quota|insufficient (?:account )?(?:balance|credits?|funds)|available balance|usage limit reached|monthly.{0,20}(?:quota|limit)|quota.{0,20}month|spend(?:ing)? limit|billing (?:hard )?limit/i;
const overloadText =
  /overloaded|high demand|at capacity|server (?:is )?busy|temporarily unavailable|resource unavailable/i;

/**
 * First match wins; then the status decides (`byStatus`). Codes of throttling come before texts about quota: a rate
 * limit's text often points to a billing page, and Gemini calls every 429 a quota.
 * @see https://platform.openai.com/docs/guides/error-codes
 */
const rules: readonly Rule[] = [
  {
    codes: /^(?:context_length_exceeded|exceed_context_size_error|context_window_exceeded)$/,
    code: 'context_length_exceeded',
  },
  {
    codes: /content_?filter|content_policy|responsibleaipolicy|data_?inspection_?failed/,
    code: 'content_filtered',
  },
  // A refused input must not look like a refused key, or any client could park one.
  { text: /\bmoderation\b|\bflagged\b/i, statuses: [403], code: 'content_filtered' },
  // A call that is larger than the limit itself never passes, however long it waits.
  { text: /^request too large/i, statuses: [429], code: 'upstream_invalid_request' },
  {
    codes:
      /insufficient_quota|quota_exceeded|credit_balance|(?:spend|usage)_limit_(?:exceeded|reached)|insufficient_balance|^billing|^arrearage$|payment_required|freetieronly|^1308$/,
    code: 'quota_exceeded',
  },
  {
    codes: /^throttling|^limitrequests$|rate_?limit|too_many_requests|slow_down|resource_exhausted/,
    code: 'rate_limited',
  },
  { text: contextText, statuses: [400, 413, 422, 500], code: 'context_length_exceeded' },
  { text: /too many tokens/i, statuses: [400, 413, 422], code: 'context_length_exceeded' },
  { text: quotaText, statuses: [400, 402, 403, 429], code: 'quota_exceeded' },
  {
    codes: /overloaded|at_capacity|^service_unavailable|^unavailable|resource_unavailable/,
    code: 'upstream_overloaded',
  },
  { text: overloadText, statuses: [500, 502, 503], code: 'upstream_overloaded' },
  { codes: /model_not_found|^not_found/, statuses: [400, 403, 404], code: 'upstream_not_found' },
  {
    codes: /invalid_?api_?key|^authentication_error|^permission_error/,
    statuses: [400, 401, 403],
    code: 'upstream_auth',
  },
  { codes: /^timeout|internalerror\.timeout/, code: 'upstream_timeout' },
  {
    codes: /^invalid_request_error$|^badrequesterror$|^not_supported/,
    statuses: [400, 501],
    code: 'upstream_invalid_request',
  },
];

/** What the status alone means; every other 4xx is the request's fault, every other status the upstream's. */
const byStatus: Record<number, Verdict> = {
  401: { code: 'upstream_auth' },
  402: { code: 'quota_exceeded' },
  403: { code: 'upstream_auth' },
  404: { code: 'upstream_not_found' },
  408: { code: 'upstream_timeout' },
  409: { code: 'upstream_error' },
  425: { code: 'upstream_error' },
  429: { code: 'rate_limited' },
  501: { code: 'upstream_invalid_request' },
  503: { code: 'upstream_overloaded' },
  504: { code: 'upstream_timeout' },
  522: { code: 'upstream_timeout' },
  524: { code: 'upstream_timeout' },
  529: { code: 'upstream_overloaded' },
};

/** What an upstream's error means, by its codes, its text and its status; `status` is undefined inside a stream. */
export function judgeError(status: number | undefined, fields: ErrorFields): Verdict {
  const said = status ?? fields.status;
  const rule = rules.find((each) => applies(each, said, fields));
  if (rule) return { code: rule.code };
  if (said === undefined) return { code: 'upstream_error' };
  if (said >= 400 && said < 500) return byStatus[said] ?? { code: 'upstream_invalid_request' };
  return byStatus[said] ?? { code: 'upstream_error' };
}

function applies(rule: Rule, status: number | undefined, fields: ErrorFields): boolean {
  if (rule.statuses && status !== undefined && !rule.statuses.includes(status)) return false;
  if (rule.codes && !fields.codes.some((code) => rule.codes?.test(code))) return false;
  return !rule.text || (fields.message !== undefined && rule.text.test(fields.message));
}
