import { z } from 'zod';

const delayMs = z.number().min(0).max(86_400_000);

const delayRange = z
  .union([delayMs, z.strictObject({ min: delayMs, max: delayMs })])
  .refine((value) => typeof value === 'number' || value.min <= value.max, {
    error: 'min must not be above max',
  });

const difySchema = z.strictObject({
  /** Time one node of a workflow takes, in ms. */
  nodeDelayMs: delayRange.default(20),
  /** Number of nodes of a workflow: a start node, language model nodes, an end node. */
  nodes: z.number().int().min(1).max(100).default(3),
  /** How a run ends when nobody stops it. */
  outcome: z
    .enum(['succeeded', 'failed', 'partial-succeeded', 'stopped', 'paused'])
    .default('succeeded'),
  /** Error text of a failed node. */
  error: z.string().default('The simulated node failed.'),
  /** Time between keep-alive pings on an event stream, in ms. */
  pingMs: z.number().min(1).max(86_400_000).default(10_000),
});

/** Of the batches of OpenAI and Anthropic, on a clock that runs as fast as a test needs. */
const batchSchema = z.strictObject({
  /** From its creation to its end, in ms; its lines are answered evenly over that time. */
  delayMs: delayMs.default(0),
  /** It ends as expired when so many lines have their answers. */
  expireAfterLines: z.number().int().min(0).optional(),
  /** OpenAI refuses its file so, when it has read it. */
  failWith: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  /** Most tokens of input that OpenAI has of one model in all batches of a key that have not ended: one that is too much is failed. */
  maxEnqueuedTokens: z.number().int().min(1).optional(),
});

/**
 * `PUT /_sim/behaviour`: how long answers take and what they say. It replaces the behaviour of its
 * scope; what is left out takes its default.
 */
export const behaviourSchema = z.strictObject({
  /** API key it applies to; absent = every key without a behaviour of its own. */
  scope: z.string().min(1).optional(),
  /** Time to a whole (not streamed) answer, in ms. */
  latencyMs: delayRange.default(0),
  /** Time to the first streamed event, in ms; absent = latencyMs. */
  firstByteMs: delayRange.optional(),
  /** Time between streamed pieces of text, in ms. */
  chunkDelayMs: delayRange.default(0),
  /** Number of pieces a streamed text is cut into; absent = one a word. */
  chunks: z.number().int().min(1).max(100_000).optional(),
  /** Text to answer instead of "You said: …". */
  reply: z.string().optional(),
  /** Seed of the delays drawn from ranges. */
  seed: z.number().int().default(1),
  batch: batchSchema.prefault({}),
  dify: difySchema.prefault({}),
});

/** What a caller may send; all fields are optional. */
export type BehaviourScript = z.input<typeof behaviourSchema>;
/** A behaviour with all defaults filled in. */
export type BehaviourSettings = z.output<typeof behaviourSchema>;
/** Milliseconds, fixed or drawn from an inclusive range. */
export type DelayRange = number | { min: number; max: number };
