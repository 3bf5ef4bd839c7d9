import { z } from 'zod';

import { disabledReasons } from './webhook-endpoint.ts';

/** An event that no job made, and when it came about. */
const notice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('webhook.test'), atMs: z.number(), about: z.string() }),
  z.object({
    type: z.literal('endpoint.disabled'),
    atMs: z.number(),
    /** The endpoint. */
    about: z.string(),
    reason: z.enum(disabledReasons),
  }),
  z.object({
    type: z.enum(['budget.threshold', 'budget.exceeded']),
    atMs: z.number(),
    /** Whose budget: `tenant:<id>`, `key:<id>` or `provider:<name>`. */
    about: z.string(),
    /** `2026-11-27` or `2026-11`. */
    period: z.string(),
    /** The share that is reached. */
    percent: z.number(),
    /** Exact US dollars. */
    limitUsd: z.string(),
    spentUsd: z.string(),
  }),
  z.object({
    type: z.literal('spend.anomaly'),
    atMs: z.number(),
    /** The tenant. */
    about: z.string(),
    /** Exact US dollars: of the hour up to then, and of a usual one. */
    spentUsd: z.string(),
    usualUsd: z.string(),
  }),
  z.object({
    type: z.literal('split.rolled_back'),
    atMs: z.number(),
    /** The model or app with the split. */
    about: z.string(),
    arm: z.string(),
    /** With the figures. */
    reason: z.string(),
  }),
]);
export type Notice = z.infer<typeof notice>;

/**
 * One webhook event on its way to one endpoint, as it crosses Redis: ids only. The body is made anew at each attempt, of a
 * job's event from its record. Without an endpoint it goes to the job's own webhook.
 */
export const delivery = z.object({
  eventId: z.string(),
  jobId: z.string().optional(),
  endpoint: z.object({ tenantId: z.string(), endpointId: z.string() }).optional(),
  notice: notice.optional(),
});
export type Delivery = z.infer<typeof delivery>;
