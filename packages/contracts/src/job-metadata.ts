import { z } from 'zod';

/** Names and values that a client gives to a job for itself: OpenAI's limits. */
export const jobMetadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((value) => Object.keys(value).length <= 16, 'must have at most 16 entries');
