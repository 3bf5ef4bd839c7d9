import { priorities } from '@sluice/contracts';
import { z } from 'zod';

import { count, dayInSeconds, number, seconds } from './section-values.ts';

/** What a model may say of where its jobs go when a target fails; `target` is the schema of one target. */
export function fallbackSection<Target extends z.ZodType>(target: Target) {
  const places = z.union([z.boolean(), z.array(target).min(1)]);
  return z.strictObject({
    allowDearer: z.boolean().default(false),
    contextWindow: places.default(true),
    contentFilter: places.default(false),
  });
}

const words = z.array(z.string().min(1).max(1_000)).min(1).max(1_000);

/** What a rule asks of a job: all of what it names. */
const conditions = z.strictObject({
  keywords: words.optional(),
  regex: z.string().min(1).max(10_000).optional(),
  minInputTokens: count().optional(),
  maxInputTokens: count().optional(),
  tools: z.boolean().optional(),
  vision: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  priority: z.array(z.enum(priorities)).min(1).optional(),
});

export const routerSection = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(64).optional(),
        when: conditions,
        model: z.string(),
      }),
    )
    .max(1_000)
    .default([]),
  classifier: z
    .strictObject({
      model: z.string(),
      timeoutSeconds: seconds(0.001, 3_600).default(10),
      simple: z.string(),
      medium: z.string(),
      complex: z.string(),
    })
    .optional(),
  default: z.string(),
});
export type RouterSection = z.infer<typeof routerSection>;

const share = number(z.number().min(0).max(1));
const factor = number(z.number().min(1).max(1_000));

/** How much worse than the first arm another one may be; what is not named is not looked at. */
const rollback = z
  .strictObject({
    windowSeconds: seconds(1, dayInSeconds).default(60),
    minCalls: count(1_000_000).default(50),
    errorRate: share.optional(),
    latencyFactor: factor.optional(),
    costFactor: factor.optional(),
  })
  .refine(
    ({ errorRate, latencyFactor, costFactor }) =>
      [errorRate, latencyFactor, costFactor].some((limit) => limit !== undefined),
    { error: 'needs errorRate, latencyFactor or costFactor' },
  );

const weight = number(z.number().min(0).max(1e6));
const splitRules = {
  stickyBy: z.enum(['user', 'session', 'tenant', 'job']).default('user'),
  salt: z.string().max(256).optional(),
  rollback: rollback.optional(),
};

export const splitSection = z.strictObject({
  arms: z
    .array(z.strictObject({ model: z.string(), weight }))
    .min(1)
    .max(100),
  ...splitRules,
});
export type SplitSection = z.infer<typeof splitSection>;

/** The same of a Dify app, whose arms are apps. */
export const appSplitSection = z.strictObject({
  arms: z
    .array(z.strictObject({ app: z.string(), weight }))
    .min(1)
    .max(100),
  ...splitRules,
});
