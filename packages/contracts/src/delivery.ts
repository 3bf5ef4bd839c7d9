import { z } from 'zod';

/** One webhook event on its way to one endpoint, as it crosses Redis: ids only. The body is made from the record at each attempt. */
export const delivery = z.object({ eventId: z.string(), jobId: z.string() });
export type Delivery = z.infer<typeof delivery>;
