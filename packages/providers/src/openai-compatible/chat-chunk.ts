import { z } from 'zod';

import { isRecord } from '../http/error-fields.ts';

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

const optionalText = z.string().nullish();
const place = z.number().optional().catch(undefined);

const image = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string() }),
});
const annotation = z.object({
  type: z.literal('url_citation'),
  url_citation: z.object({
    url: z.string(),
    title: z.string().optional().catch(undefined),
    start_index: place,
    end_index: place,
  }),
});

const delta = z.object({
  /** Of OpenAI's models that speak. */
  audio: z
    .object({
      id: optionalText,
      data: optionalText,
      transcript: optionalText,
      expires_at: z.number().nullish(),
    })
    .nullish()
    .catch(undefined),
  /** OpenRouter's. */
  images: z.array(image).nullish().catch(undefined),
  /** Of web searches. Those of another kind are none of ours. */
  annotations: listOf(annotation),
  content: text,
  refusal: z.string().nullish(),
  reasoning_content: text,
  reasoning: text,
  reasoning_text: text,
  reasoning_details: text,
  tool_calls: z.array(toolCall).nullish(),
});
export type ChatDelta = z.infer<typeof delta>;

/** One likely token. */
const token = {
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.number()).nullable().default(null),
};
/** How likely tokens were, in OpenAI's form. */
export const tokenLogprobs = z
  .array(z.object({ ...token, top_logprobs: z.array(z.object(token)).catch([]) }))
  .nullish();

const count = z.number().nullish().catch(undefined);
const details = z
  .object({
    cached_tokens: count,
    cache_write_tokens: count,
    reasoning_tokens: count,
    audio_tokens: count,
  })
  .nullish()
  .catch(undefined);

/** OpenAI's count of tokens in the words of either of its APIs, and the variants of others. */
export const chatUsage = z.object({
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
export type ChatUsage = z.infer<typeof chatUsage>;

const choice = z.object({
  index: z.number().nullish(),
  delta: delta.nullish(),
  message: delta.nullish(),
  finish_reason: z.string().nullish(),
  logprobs: z.object({ content: tokenLogprobs, refusal: tokenLogprobs }).nullish().catch(undefined),
  usage: chatUsage.nullish().catch(undefined),
});
export type ChatChoice = z.infer<typeof choice>;

/**
 * One event of a streamed chat completion, or a whole one (`message` instead of `delta`). Only what is used, and lenient:
 * every server adds and leaves out fields of its own.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming/streaming
 */
export const chatChunk = z.object({
  model: z.string().nullish().catch(undefined),
  service_tier: z.string().nullish().catch(undefined),
  choices: z.array(choice).nullish(),
  usage: chatUsage.nullish().catch(undefined),
});
export type ChatChunk = z.infer<typeof chatChunk>;

/**
 * Whether a value is surely a {@link chatChunk}, told without the schema: a piece of one answer's text, its end, or the usage of
 * them, as almost all chunks of a stream are. The schema took 2 to 5 µs for each, together a tenth of what a worker does for a
 * job that its answer comes in eight pieces.
 */
export function isPlainChunk(value: unknown): value is ChatChunk {
  if (!isRecord(value)) return false;
  const { choices, model, service_tier: tier, usage } = value;
  if (!Array.isArray(choices) || choices.length > 1) return false;
  return (
    isTextOrNothing(model) &&
    isTextOrNothing(tier) &&
    (isNothing(usage) || isPlainUsage(usage)) &&
    (choices.length === 0 || isPlainAnswer(choices[0]))
  );
}

function isPlainAnswer(answer: unknown): boolean {
  if (!isRecord(answer) || typeof answer['index'] !== 'number') return false;
  const { delta: piece, finish_reason: reason } = answer;
  return (
    isTextOrNothing(reason) &&
    hasOnly(answer, 'index', 'delta', 'finish_reason') &&
    isRecord(piece) &&
    isTextOrNothing(piece['content']) &&
    hasOnly(piece, 'content', 'role', 'role')
  );
}

/** Counts, and what is told of them in `…_details`. */
function isPlainUsage(usage: unknown): boolean {
  if (!isRecord(usage)) return false;
  for (const name in usage) {
    const value = usage[name];
    const isPlain = name.endsWith('_details')
      ? isNothing(value) || isCounts(value)
      : isCount(value);
    if (!isPlain) return false;
  }
  return true;
}

function isCounts(value: unknown): boolean {
  if (!isRecord(value)) return false;
  for (const name in value) if (!isCount(value[name])) return false;
  return true;
}

function isCount(value: unknown): boolean {
  return isNothing(value) || Number.isFinite(value);
}

/** Of the fields named and those that are null, no matter which. */
function hasOnly(
  fields: Record<string, unknown>,
  one: string,
  other: string,
  third: string,
): boolean {
  for (const name in fields) {
    const isNamed = name === one || name === other || name === third;
    if (!isNamed && !isNothing(fields[name])) return false;
  }
  return true;
}

function isTextOrNothing(value: unknown): boolean {
  return typeof value === 'string' || isNothing(value);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Of a list, the items that are such ones; undefined for what is no list. */
export function listOf<Schema extends z.ZodType>(item: Schema) {
  return z
    .array(z.unknown())
    .transform((items) =>
      items.flatMap((given) => {
        const parsed = item.safeParse(given);
        return parsed.success ? [parsed.data] : [];
      }),
    )
    .nullish()
    .catch(undefined);
}
