import { z } from 'zod';

/** A text, or Mistral's list of text and thinking parts. */
const text = z
  .union([z.string(), z.array(z.looseObject({ type: z.string().nullish() }))])
  .nullish();

const toolCall = z.object({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z
    .object({
      name: z.string().nullish(),
      /** JSON text by the specification, a parsed object from some servers. */
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
  /** Gemini's. */
  extra_content: z
    .object({ google: z.object({ thought_signature: z.string() }) })
    .nullish()
    .catch(undefined),
});
export type ToolCallDelta = z.infer<typeof toolCall>;

const delta = z.object({
  content: text,
  refusal: z.string().nullish(),
  reasoning_content: text,
  reasoning: text,
  reasoning_text: text,
  reasoning_details: text,
  tool_calls: z.array(toolCall).nullish(),
});
export type ChatDelta = z.infer<typeof delta>;

const count = z.number().nullish().catch(undefined);
const details = z
  .object({ cached_tokens: count, cache_write_tokens: count, reasoning_tokens: count })
  .nullish()
  .catch(undefined);

const usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  input_tokens: count,
  output_tokens: count,
  prompt_tokens_details: details,
  completion_tokens_details: details,
  input_tokens_details: details,
  output_tokens_details: details,
  prompt_cache_hit_tokens: count,
  cached_tokens: count,
  reasoning_tokens: count,
});
export type ChatUsage = z.infer<typeof usage>;

/**
 * One event of a streamed chat completion, or a whole one (`message` instead of `delta`). Only what is used, and lenient:
 * every server adds and leaves out fields of its own.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export const chatChunk = z.object({
  model: z.string().nullish().catch(undefined),
  choices: z
    .array(
      z.object({
        index: z.number().nullish(),
        delta: delta.nullish(),
        message: delta.nullish(),
        finish_reason: z.string().nullish(),
        usage: usage.nullish().catch(undefined),
      }),
    )
    .nullish(),
  usage: usage.nullish().catch(undefined),
});
export type ChatChunk = z.infer<typeof chatChunk>;
