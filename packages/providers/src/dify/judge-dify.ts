import { errorCodes } from '@sluice/contracts';

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
  // The app does not do what was asked of it: no reason to doubt its key.
  app_suggested_questions_after_answer_disabled: { code: 'upstream_invalid_request' },
  internal_server_error: { code: 'upstream_error' },
  plugin_runtime_error: { code: 'upstream_error' },
};

/** Codes under which Dify passes on whatever a model's vendor said, always with status 400. */
const passedOn = new Set(['completion_request_error', 'workflow_request_error']);

/** A vendor that could not take the call now: another attempt may succeed. */
const transientText =
  /rate.?limit|too many requests|resource.?exhausted|overload|high demand|at capacity|busy|temporarily|timed? ?out|timeout|connection|connect error|internal server error|bad gateway|service unavailable|\b(?:429|50[0234]|529)\b/i;

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
  if (errorCodes[common.code].retryable) return { code: 'upstream_overloaded' };
  const isTransient =
    common.code === 'upstream_invalid_request' && transientText.test(fields.message ?? '');
  return isTransient ? { code: 'upstream_overloaded' } : common;
}

/** Words of the text that look like a vendor's code: `insufficient_quota`, `context_length_exceeded`. */
function codesIn(message: string | undefined): string[] {
  return message?.toLowerCase().match(/(?<![a-z])[a-z]+(?:_[a-z]+)+/g) ?? [];
}
