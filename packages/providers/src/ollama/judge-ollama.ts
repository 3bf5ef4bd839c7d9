import type { Target } from '@sluice/config';

import type { ErrorFields } from '../http/error-fields.ts';
import type { Verdict } from '../http/judge-error.ts';

/**
 * Ollama's errors are texts. What the operator can do about a model that is not there stands in the message; the rest means
 * what its status says.
 * @see https://docs.ollama.com/api/errors
 */
export function judgeOllama(
  status: number | undefined,
  { message = '' }: ErrorFields,
  { model }: Target,
): Verdict | undefined {
  if (status !== 404) return undefined;
  const code = 'upstream_not_found';
  if (/page not found/i.test(message)) {
    return { code, hint: 'the base URL of Ollama’s own API has no /v1 at its end' };
  }
  return /model/i.test(message) ? { code, hint: `ollama pull ${model}` } : { code };
}
