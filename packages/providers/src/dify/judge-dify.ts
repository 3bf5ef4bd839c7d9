import type { ErrorFields } from '../http/error-fields.ts';
import { judgeError, type Verdict } from '../http/judge-error.ts';

/** Dify's codes that mean something else than their status. */
const byCode: Record<string, Verdict> = {
  too_many_requests: { code: 'rate_limited' },
  // The monthly runs of the plan, whatever the name says.
  rate_limit_error: { code: 'quota_exceeded' },
  provider_quota_exceeded: { code: 'quota_exceeded' },
  provider_not_initialize: { code: 'upstream_auth' },
  invalid_param: { code: 'upstream_invalid_request' },
  internal_server_error: { code: 'upstream_error' },
  plugin_runtime_error: { code: 'upstream_error' },
};

/** Codes under which Dify passes on whatever a model's vendor said, always with status 400. */
const passedOn = new Set(['completion_request_error', 'workflow_request_error']);

/** What the text of a vendor's error means, in the order in which it is looked for. */
const vendorTexts: readonly (readonly [RegExp, Verdict])[] = [
  [/rate.?limit|too many requests|\b429\b|resource.?exhausted/i, { code: 'rate_limited' }],
  [/overloaded|high demand|at capacity|busy|\b(?:503|529)\b/i, { code: 'upstream_overloaded' }],
  [/timed? ?out|timeout|\b504\b/i, { code: 'upstream_timeout' }],
  [
    /connection|connect error|temporarily|internal server error|bad gateway|\b50[02]\b/i,
    { code: 'upstream_error' },
  ],
];

/**
 * Dify's errors: `{code, message, status}`, over HTTP and in the stream's `error` event. Undefined for those that mean what
 * their status says.
 * @see https://docs.dify.ai/api-reference/workflow-execution/execute-workflow
 */
export function judgeDify(status: number | undefined, fields: ErrorFields): Verdict | undefined {
  const code = fields.codes[0] ?? '';
  if (passedOn.has(code)) return judgeVendor(fields);
  if (code === 'rate_limit_error' && (status ?? fields.status) !== 429) return undefined;
  return byCode[code];
}

function judgeVendor(fields: ErrorFields): Verdict {
  // Quota, context length and content filter have words of their own, whoever the vendor is.
  const common = judgeError(400, { ...fields, codes: codesIn(fields.message) });
  if (common.code !== 'upstream_invalid_request') return common;
  const text = vendorTexts.find(([pattern]) => pattern.test(fields.message ?? ''));
  return text?.[1] ?? { code: 'upstream_error', retryable: false };
}

/** Words of the text that look like a vendor's code: `insufficient_quota`, `context_length_exceeded`. */
function codesIn(message: string | undefined): string[] {
  return message?.toLowerCase().match(/[a-z]+(?:_[a-z]+)+/g) ?? [];
}
