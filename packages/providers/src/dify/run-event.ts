import { z } from 'zod';

/** What every event has; `ping` nothing of it, `error` its fields at the top. */
export const runEvent = z.looseObject({
  event: z.string(),
  task_id: z.string().nullish(),
  workflow_run_id: z.string().nullish(),
  data: z.unknown().optional(),
});
export type RunEvent = z.infer<typeof runEvent>;

const text = z.string().nullish().catch(undefined);
const number = z.coerce.number().nullish().catch(undefined);
/** Decimal text by the specification, a number on some versions. */
const decimal = z.union([z.string(), z.number()]).nullish().catch(undefined);

/** Data of `node_started` and `node_finished`. */
export const nodeData = z.object({
  /** Of this execution of the node: a node in a loop has many. */
  id: text,
  node_id: text,
  node_type: text,
  title: text,
  index: number,
  status: text,
  elapsed_time: number,
  outputs: z
    .object({
      usage: z
        .object({ prompt_tokens: number, completion_tokens: number })
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
  execution_metadata: z
    .object({ total_tokens: number, total_price: decimal, currency: text })
    .nullish()
    .catch(undefined),
});
export type NodeData = z.infer<typeof nodeData>;
