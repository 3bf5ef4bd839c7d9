import { z } from 'zod';

import { profileNames } from './config.ts';
import { count, dayInSeconds, seconds } from './section-values.ts';

const pacing = z.enum(['smooth', 'burst']);
const counts = z.strictObject({
  requestsPerSecond: count().optional(),
  requestsPerMinute: count().optional(),
  requestsPerDay: count().optional(),
  tokensPerMinute: count().optional(),
  inputTokensPerMinute: count().optional(),
  outputTokensPerMinute: count().optional(),
  concurrency: count(1e6).optional(),
  pacing: pacing.default('smooth'),
  buckets: z
    .array(
      z.strictObject({
        unit: z.enum(['requests', 'tokens', 'inputTokens', 'outputTokens']),
        limit: count(),
        windowSeconds: seconds(0.001, 31 * dayInSeconds),
        pacing: pacing.optional(),
      }),
    )
    .default([]),
});
export type CountsSection = z.infer<typeof counts>;

/** What a provider, a model or an app may say of its limits. */
export const limits = counts.extend({
  perTenant: counts.optional(),
  profile: z.enum(profileNames).optional(),
  maxPauseSeconds: seconds(0.001, dayInSeconds).default(600),
});
export type LimitsSection = z.infer<typeof limits>;
