import type { ErrorFields } from '../http/error-fields.ts';
import type { Verdict } from '../http/judge-error.ts';

const spendText = /spend(?:ing)?[ -](?:limit|cap)|spend-based/i;

/**
 * Gemini's errors where their status says too little: every exhausted quota is a 429, also one that only comes back at
 * midnight or with more money, and a wrong key is a 400. Undefined for those that mean what their status says.
 * @see https://ai.google.dev/gemini-api/docs/troubleshooting
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function judgeGemini(
  _status: number | undefined,
  { codes, message = '' }: ErrorFields,
): Verdict | undefined {
  if (codes.some((code) => /^api_key_|^access_token_/.test(code))) return { code: 'upstream_auth' };
  if (codes.includes('deadline_exceeded')) return { code: 'upstream_timeout' };
  if (codes.includes('cancelled')) return { code: 'upstream_error' };
  if (!codes.includes('resource_exhausted')) return undefined;
  const isSpent = codes.some((code) => code.includes('perday')) || spendText.test(message);
  return { code: isSpent ? 'quota_exceeded' : 'rate_limited' };
}
