import { z } from 'zod';

import { name } from './name.ts';

/** Bodies of the requests by which operators change a split. Arms go by the names of their models or apps. */
export const splitControlRequests = {
  set: z.strictObject({
    weights: z
      .record(name, z.number().min(0).max(1e6))
      .refine((weights) => Object.keys(weights).length > 0, { error: 'names no arm' }),
  }),
  rollBack: z.strictObject({
    arm: name,
    reason: z.string().min(1).max(500).default('by an operator'),
  }),
  resume: z.strictObject({ arm: name }),
};
