import { z } from 'zod';

import { jobTypes } from './job-type.ts';

/** The right to work on a job: what the BullMQ job in a lane carries. Ids only, never a prompt. */
export const ticket = z.object({
  jobId: z.string(),
  tenantId: z.string(),
  type: z.enum(jobTypes),
  /** Public name of the model or app; `batch` for batches. */
  model: z.string(),
  /** Which run of the job this ticket stands for: 1 at accept, one more for each fallback. */
  attempt: z.number(),
  /** Which retry of an ended job it belongs to; absent before the first. */
  retry: z.number().optional(),
});
export type Ticket = z.infer<typeof ticket>;

/** A ticket in the hands of a worker: `run` tells this time from every other. It is `<worker id>.<epoch ms>.<number>`. */
export interface HeldTicket extends Ticket {
  run: string;
}
