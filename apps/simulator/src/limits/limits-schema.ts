import { z } from 'zod';

const windowSchema = z.strictObject({
  limit: z.number().int().min(1),
  windowMs: z.number().int().min(1),
});

const requestWindowSchema = windowSchema
  .extend({
    /**
     * Also holds for every slice of this length, in proportion, rounded up: Azure spreads
     * a limit per minute over slices of 1 to 10 s. Headers tell the whole window only.
     */
    sliceMs: z.number().int().min(1).optional(),
  })
  .refine(({ windowMs, sliceMs }) => sliceMs === undefined || sliceMs <= windowMs, {
    error: 'sliceMs must not be above windowMs',
  });

/**
 * `PUT /_sim/limits`: what one scope may do. It replaces the limits of its scope and empties its
 * windows; what is left out is unlimited.
 */
export const limitsSchema = z.strictObject({
  /** API key it applies to; absent = every key without limits of its own, each counted apart. */
  scope: z.string().min(1).optional(),
  /** Requests per sliding window. */
  requests: z.array(requestWindowSchema).default([]),
  /** Tokens per sliding window, charged at admission. */
  tokens: z.array(windowSchema).default([]),
  /** Input tokens per sliding window, charged at admission; only Anthropic limits them apart. */
  inputTokens: z.array(windowSchema).default([]),
  /** Output tokens per sliding window, charged as they are produced; likewise. */
  outputTokens: z.array(windowSchema).default([]),
  /** Calls that may be open at the same time. */
  concurrency: z.number().int().min(1).optional(),
  /** Whether a call answered 429 also counts against the request windows, as it does at OpenAI. */
  countLimited: z.boolean().default(true),
});

/** What a caller may send. */
export type LimitsScript = z.input<typeof limitsSchema>;
/** Limits with all defaults filled in. */
export type LimitsSettings = z.output<typeof limitsSchema>;
