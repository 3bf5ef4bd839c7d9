import { z } from 'zod';

/**
 * The end of a run as `workflow_finished`, the blocking reply and `GET /workflows/run/:id` tell it; the last also tells it
 * of a run that has not ended.
 */
export const runDetail = z.object({
  status: z.string(),
  workflow_id: z.string().nullish().catch(undefined),
  /** An object, null, or on some versions either as a JSON text. */
  outputs: z.unknown().optional(),
  error: z.string().nullish(),
  elapsed_time: z.number().nullish().catch(undefined),
  total_tokens: z.number().nullish().catch(undefined),
  total_steps: z.number().nullish().catch(undefined),
  files: z.array(z.unknown()).nullish().catch(undefined),
});
export type RunDetail = z.infer<typeof runDetail>;

/** Runs as `GET /workflows/logs` lists them. */
export const runLog = z.object({
  data: z.array(z.object({ workflow_run: z.object({ id: z.string() }) })),
});
