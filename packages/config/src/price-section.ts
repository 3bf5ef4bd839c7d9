import { z } from 'zod';

import { count, number } from './section-values.ts';

const money = number(z.number().min(0).max(1e6));

/** What a model or a target may say of its price. */
export const price = z.strictObject({
  inputPerMillion: money.optional(),
  outputPerMillion: money.optional(),
  cachedInputPerMillion: money.optional(),
  cacheWriteInputPerMillion: money.optional(),
  cacheWrite1hInputPerMillion: money.optional(),
  upToInputTokens: count().optional(),
  perThousandSearchUnits: money.optional(),
  perMinute: money.optional(),
  tiers: z
    .array(
      z.strictObject({
        aboveInputTokens: count(),
        inputPerMillion: money,
        outputPerMillion: money,
        cachedInputPerMillion: money.optional(),
        cacheWriteInputPerMillion: money.optional(),
        cacheWrite1hInputPerMillion: money.optional(),
      }),
    )
    .optional(),
});
export type PriceSection = z.infer<typeof price>;
