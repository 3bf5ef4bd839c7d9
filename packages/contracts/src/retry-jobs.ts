import { z } from 'zod';

import { errorCodes, type ErrorCode } from './errors.ts';
import { jobTypes } from './job-type.ts';

/** Every code that a job may have ended with, and those of requests: for filters. */
export const errorCodeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** Body of `POST /v1/jobs/retry`: which ended jobs are tried again, and how many of them are looked for in one call. */
export const retryJobs = z.strictObject({
  state: z.enum(['failed', 'cancelled', 'expired']).default('failed'),
  type: z.enum(jobTypes).optional(),
  model: z.string().min(1).max(255).optional(),
  error_code: z.enum(errorCodeNames).optional(),
  limit: z.int().min(1).max(100).default(100),
  /** `next_cursor` of the call before. */
  after: z.string().max(255).optional(),
});
export type RetryJobs = z.infer<typeof retryJobs>;
