import type { ErrorFields } from '../http/error-fields.ts';
import type { Verdict } from '../http/judge-error.ts';

/** A limit that the operator has set, or credit that is used up; waiting a few minutes does not help. */
const spent = /credit balance is too low|reached your specified .*usage limits/i;
/** The prompt fits, but not together with `max_tokens`. */
const tooLong = /exceed context limit/i;

/**
 * What Anthropic says in other words than the rest: some of its spend limits are answered with 400 and a text, and a 503
 * about the customer's own encryption key (`cmek_…`) passes only when the operator has mended the key.
 * @see https://platform.claude.com/docs/en/api/errors
 */
export function judgeAnthropic(
  status: number | undefined,
  fields: ErrorFields,
): Verdict | undefined {
  const message = fields.message ?? '';
  if (fields.codes.some((code) => code.startsWith('cmek_'))) return { code: 'upstream_auth' };
  if (status !== undefined && status !== 400) return undefined;
  if (spent.test(message)) return { code: 'quota_exceeded' };
  return tooLong.test(message) ? { code: 'context_length_exceeded' } : undefined;
}
