import { z } from 'zod';

import { name } from './name.ts';

/** Names of models (or apps) or `provider/model`, asked in this order when the first target fails; `false`: none. */
export const fallback = z
  .union([z.literal(false), z.array(name).min(1).max(16)], {
    error: 'must be false, or a list of 1 to 16 names',
  })
  .optional();
