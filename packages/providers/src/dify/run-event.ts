import { z } from 'zod';

const text = z.string().nullish().catch(undefined);
const number = z.coerce.number().nullish().catch(undefined);
/** Decimal text by the specification, a number on some versions. */
const decimal = z.union([z.string(), z.number()]).nullish().catch(undefined);

/** Dify's usage object, of a node and of a message. */
export const llmUsage = z.object({
  prompt_tokens: number,
  completion_tokens: number,
  total_tokens: number,
  total_price: decimal,
  currency: text,
});
export type LlmUsage = z.infer<typeof llmUsage>;

/** What every event has; `ping` nothing of it. The events of a message and `error` have their fields at the top. */
export const runEvent = z.looseObject({
  event: z.string(),
  task_id: text,
  workflow_run_id: text,
  conversation_id: text,
  message_id: text,
  id: text,
  data: z.unknown().optional(),
  answer: text,
  metadata: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  files: z.array(z.unknown()).nullish().catch(undefined),
});
export type RunEvent = z.infer<typeof runEvent>;

/** Fields of `agent_thought`. */
export const agentThought = z.object({
  id: text,
  position: number,
  thought: text,
  tool: text,
  tool_input: text,
  observation: text,
});

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
    .object({ usage: llmUsage.nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
  execution_metadata: z
    .object({ total_tokens: number, total_price: decimal, currency: text })
    .nullish()
    .catch(undefined),
});
export type NodeData = z.infer<typeof nodeData>;

/** An answer that was stored, as `GET /messages` lists it. */
export const storedMessages = z.object({
  data: z.array(z.object({ id: z.string(), answer: text, status: text })),
});
