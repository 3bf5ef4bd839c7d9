import { z } from 'zod';

import { count, dayInSeconds, seconds } from './section-values.ts';

/** `sessions:` what is remembered of the conversations of chat jobs that name one. */
export const sessions = z.strictObject({
  maxTokens: count(10_000_000).default(8_000),
  ttlSeconds: seconds(1, 366 * dayInSeconds).default(7 * dayInSeconds),
});
