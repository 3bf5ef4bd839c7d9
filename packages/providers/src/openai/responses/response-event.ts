import { z } from 'zod';

import { chatUsage, listOf, tokenLogprobs } from '../../openai-compatible/chat-chunk.ts';

const text = z.string().nullish();
const place = z.number();
const textPart = z.object({ text: z.string() });

const annotation = z.object({
  type: z.string(),
  url: text,
  title: text,
  start_index: z.number().nullish(),
  end_index: z.number().nullish(),
  filename: text,
});

const contentPart = z.object({
  type: z.string(),
  text,
  refusal: text,
  annotations: z.array(annotation).nullish().catch(undefined),
  logprobs: tokenLogprobs.catch(undefined),
});
export type ContentPart = z.infer<typeof contentPart>;

/** An item of the output; only what is used. Those of tools that OpenAI runs itself are none of ours. */
const item = z.object({
  type: z.string(),
  id: text,
  call_id: text,
  name: text,
  arguments: text,
  content: z.array(z.unknown()).nullish(),
  summary: listOf(textPart),
  encrypted_content: text,
});
export type OutputItem = z.infer<typeof item>;

/** The content of a message. */
export const messageContent = z.array(contentPart);
/** The content of a thought, of models that show it. */
export const thoughtContent = listOf(textPart);

/**
 * A whole response.
 * @see https://platform.openai.com/docs/api-reference/responses/object
 */
export const wholeResponse = z.object({
  object: z.literal('response').optional(),
  status: z.string(),
  model: text.catch(undefined),
  service_tier: text.catch(undefined),
  output: z.array(item),
  error: z.looseObject({}).nullish(),
  incomplete_details: z.object({ reason: text }).nullish().catch(undefined),
  usage: chatUsage.nullish().catch(undefined),
});
export type WholeResponse = z.infer<typeof wholeResponse>;

const piece = { output_index: place, delta: z.string() };

/**
 * The events of a streamed response that are read; any other is none of our business.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export const responseEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response.output_item.added'), output_index: place, item }),
  z.object({ type: z.literal('response.output_item.done'), output_index: place, item }),
  z.object({ type: z.literal('response.output_text.delta'), ...piece }),
  z.object({ type: z.literal('response.refusal.delta'), ...piece }),
  z.object({ type: z.literal('response.function_call_arguments.delta'), ...piece }),
  z.object({
    type: z.literal('response.reasoning_summary_text.delta'),
    summary_index: place,
    ...piece,
  }),
  z.object({ type: z.literal('response.reasoning_text.delta'), content_index: place, ...piece }),
  z.object({ type: z.literal('response.completed'), response: wholeResponse }),
  z.object({ type: z.literal('response.incomplete'), response: wholeResponse }),
  z.object({ type: z.literal('response.failed'), response: wholeResponse }),
]);
export type ResponseEvent = z.infer<typeof responseEvent>;

/** The types of {@link responseEvent}. */
export const knownEvents: ReadonlySet<string> = new Set(
  responseEvent.options.flatMap(({ shape }) => [...shape.type.values]),
);
