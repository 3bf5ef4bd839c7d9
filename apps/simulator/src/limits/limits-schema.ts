import { z } from 'zod';

const windowSchema = z.strictObject({
  limit: z.number().int().min(1),
  windowMs: z.number().int().min(1),
});

/**
 * `PUT /_sim/limits`: what one scope may do. It replaces the limits of its scope and empties its
 * windows; what is left out is unlimited.
 */
export const limitsSchema = z.strictObject({
  /** API key it applies to; absent = every key without limits of its own, each counted apart. */
  scope: z.string().min(1).optional(),
  /** Requests per sliding window. */
  requests: z.array(windowSchema).default([]),
  /** Tokens per sliding window, charged at admission. */
  tokens: z.array(windowSchema).default([]),
  /** Calls that may be open at the same time. */
  concurrency: z.number().int().min(1).optional(),
  /** Whether a call answered 429 also counts against the request windows, as it does at OpenAI. */
  countLimited: z.boolean().default(true),
});

/** What a caller may send. */
export type LimitsScript = z.input<typeof limitsSchema>;
/** Limits with all defaults filled in. */
export type LimitsSettings = z.output<typeof limitsSchema>;
