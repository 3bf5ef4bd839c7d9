import type { Target } from '@sluice/config';

import { baseUrlOf } from '../http/base-url.ts';
import type { ErrorFields } from '../http/error-fields.ts';
import type { Verdict } from '../http/judge-error.ts';

/**
 * On DashScope `insufficient_quota` is a token limit that passes by itself, the opposite of OpenAI's.
 * @see https://www.alibabacloud.com/help/en/model-studio/error-code
 */
export function judgeDashScope(
  _status: number | undefined,
  fields: ErrorFields,
  target: Target,
): Verdict | undefined {
  if (!fields.codes.includes('insufficient_quota')) return undefined;
  const { hostname } = baseUrlOf(target.provider);
  return hostname.startsWith('dashscope') ? { code: 'rate_limited' } : undefined;
}
