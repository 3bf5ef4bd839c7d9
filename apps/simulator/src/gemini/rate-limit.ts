import type { Violation } from '../limits/scope-limiter.ts';
import type { Reply } from '../server/call.ts';
import { geminiError, standardError } from './errors.ts';

const DAY_MS = 86_400_000;
const LIMITS_PAGE = 'https://ai.google.dev/gemini-api/docs/rate-limits';
const HELP = {
  '@type': 'type.googleapis.com/google.rpc.Help',
  links: [{ description: 'Learn more about Gemini API quotas', url: LIMITS_PAGE }],
};

/**
 * The 429 of a broken limit. The wait stands in RetryInfo only: Google sends no Retry-After and no
 * `x-ratelimit-*`. There is no limit of open calls at Google; the simulator answers one with the terse
 * 429 without details that the vendor sends at times, too.
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function rateLimitReply(violation: Violation, model: string): Reply {
  const { dimension, limit, waitMs } = violation;
  if (dimension === 'concurrency') return standardError(429);
  const { metric, quotaId } = nameQuota(violation);
  const failure = {
    quotaMetric: metric,
    quotaId,
    quotaDimensions: { location: 'global', model },
    quotaValue: String(limit),
  };
  const type = 'type.googleapis.com/google.rpc.QuotaFailure';
  const details: object[] = [HELP, { '@type': type, violations: [failure] }];
  const lines = [
    `You exceeded your current quota, please check your plan and billing details. For more information on this error, head over to: ${LIMITS_PAGE}. `,
    `* Quota exceeded for metric: ${metric}, limit: ${limit}, model: ${model}`,
  ];
  if (waitMs !== undefined && waitMs !== Infinity) {
    const retryDelay = formatDelay(waitMs);
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
    lines.push(`Please retry in ${retryDelay}.`);
  }
  return geminiError(429, lines.join('\n'), details);
}

/** A protobuf duration: seconds with up to three decimals, rounded up to a millisecond. */
export function formatDelay(waitMs: number): string {
  return `${Math.ceil(waitMs) / 1000}s`;
}

function nameQuota({ dimension, windowMs }: Violation): { metric: string; quotaId: string } {
  const service = 'generativelanguage.googleapis.com';
  const span = windowMs >= DAY_MS ? 'PerDay' : 'PerMinute';
  if (dimension === 'requests') {
    const metric = `${service}/generate_content_free_tier_requests`;
    return { metric, quotaId: `GenerateRequests${span}PerProjectPerModel-FreeTier` };
  }
  const metric = `${service}/generate_content_free_tier_input_token_count`;
  return { metric, quotaId: `GenerateContentInputTokensPerModel${span}-FreeTier` };
}
