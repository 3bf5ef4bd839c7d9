import { z } from 'zod';

import { noticeTypes } from './webhook-endpoint.ts';

/**
 * One webhook event on its way to one endpoint, as it crosses Redis: ids only. The body is made anew at each attempt, of a
 * job's event from its record. Without an endpoint it goes to the job's own webhook.
 */
export const delivery = z.object({
  eventId: z.string(),
  jobId: z.string().optional(),
  endpoint: z.object({ tenantId: z.string(), endpointId: z.string() }).optional(),
  /** An event that no job made. */
  notice: z
    .object({
      type: z.enum(noticeTypes),
      atMs: z.number(),
      /** The endpoint that it is about. */
      about: z.string(),
      reason: z.string().optional(),
    })
    .optional(),
});
export type Delivery = z.infer<typeof delivery>;
export type Notice = NonNullable<Delivery['notice']>;
