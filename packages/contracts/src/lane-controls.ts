import { z } from 'zod';

const limit = z.int().min(1).max(1e12).nullable().optional();

/** Limits that an operator sets over those of the configuration; `null` takes the limit away while it is set. */
export const limitOverrides = z.strictObject({
  requestsPerSecond: limit,
  requestsPerMinute: limit,
  requestsPerDay: limit,
  tokensPerMinute: limit,
  inputTokensPerMinute: limit,
  outputTokensPerMinute: limit,
  concurrency: z.int().min(1).max(1e6).nullable().optional(),
});
export type LimitOverrides = z.infer<typeof limitOverrides>;

const bucket = z.object({
  unit: z.enum(['requests', 'tokens', 'inputTokens', 'outputTokens']),
  limit: z.number(),
  windowMs: z.number(),
  pacing: z.enum(['smooth', 'burst']),
  resets: z.literal('pacific midnight').optional(),
});
const concurrency = z.number().optional();

/** The limits of a lane as a configuration had them. */
const pinnedLimits = z.object({
  buckets: z.array(bucket),
  concurrency,
  perTenant: z.object({ buckets: z.array(bucket), concurrency }).optional(),
});

/** What an operator has set for one lane, as it is stored. Times are epoch ms. */
export const laneControls = z.object({
  paused: z.object({ reason: z.string(), sinceMs: z.number() }).optional(),
  overrides: limitOverrides.optional(),
  /** Limits that a new configuration does not change. */
  pinned: z.object({ sinceMs: z.number(), limits: pinnedLimits }).optional(),
});
export type LaneControls = z.infer<typeof laneControls>;

/** Bodies of the requests that set them. */
export const laneControlRequests = {
  pause: z.strictObject({ reason: z.string().min(1).max(500).default('no reason given') }),
  override: limitOverrides.refine((given) => Object.keys(given).length > 0, {
    error: 'names no limit; DELETE takes back what was set',
  }),
};
