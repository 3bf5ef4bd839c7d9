import type { Violation } from '../limits/scope-limiter.ts';
import type { Reply } from '../server/call.ts';
import { geminiError, standardError } from './errors.ts';

const DAY_MS = 86_400_000;
const SERVICE = 'generativelanguage.googleapis.com';

/**
 * The 429 of a broken limit. The wait stands in RetryInfo only: Google sends no Retry-After and no
 * `x-ratelimit-*`. There is no limit of open calls at Google; the simulator answers one with the terse
 * 429 without details that the vendor sends at times, too.
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function rateLimitReply(violation: Violation, model: string): Reply {
  const { dimension, limit, waitMs } = violation;
  if (dimension === 'concurrency') return standardError(429);
  const metric = `${SERVICE}/${dimension === 'requests' ? 'generate_content_free_tier_requests' : 'generate_content_free_tier_input_token_count'}`;
  const details: object[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.Help',
      links: [
        {
          description: 'Learn more about Gemini API quotas',
          url: 'https://ai.google.dev/gemini-api/docs/rate-limits',
        },
      ],
    },
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        {
          quotaMetric: metric,
          quotaId: quotaId(violation),
          quotaDimensions: { location: 'global', model },
          quotaValue: String(limit),
        },
      ],
    },
  ];
  const lines = [
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, head over to: https://ai.google.dev/gemini-api/docs/rate-limits. ',
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
export function formatDelay(ms: number): string {
  return `${Math.ceil(ms) / 1000}s`;
}

function quotaId({ dimension, windowMs }: Violation): string {
  const what = dimension === 'requests' ? 'GenerateRequests' : 'GenerateContentInputTokens';
  return `${what}Per${windowMs >= DAY_MS ? 'Day' : 'Minute'}PerProjectPerModel-FreeTier`;
}
