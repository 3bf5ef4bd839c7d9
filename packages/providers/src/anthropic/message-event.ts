import { z } from 'zod';

const text = z.string().nullish();
const count = z.number().nullish().catch(undefined);

const usage = z.object({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation: z.object({ ephemeral_1h_input_tokens: count }).nullish().catch(undefined),
  output_tokens: count,
  output_tokens_details: z.object({ thinking_tokens: count }).nullish().catch(undefined),
});
export type MessageUsage = z.infer<typeof usage>;

const lenientUsage = usage.nullish().catch(undefined);

/** Where a text is from: a place in a document, a web page, or a result of a search that was handed in. */
const citation = z.object({
  type: z.string(),
  url: text,
  source: text,
  title: text,
  cited_text: text,
  document_index: z.number().nullish(),
  document_title: text,
});
export type Citation = z.infer<typeof citation>;

const block = z.object({
  type: z.string(),
  text,
  thinking: text,
  signature: text,
  data: text,
  id: text,
  name: text,
  input: z.record(z.string(), z.unknown()).nullish(),
  citations: z.array(citation).nullish().catch(undefined),
});
export type ContentBlock = z.infer<typeof block>;

/** Why the model stopped, in a whole message and in the delta of a streamed one. */
const ending = {
  stop_reason: text,
  stop_details: z.object({ explanation: text }).nullish().catch(undefined),
};
export type Ending = z.infer<z.ZodObject<typeof ending>>;

/** A whole message; only what is used. */
export const wholeMessage = z.object({
  type: z.literal('message'),
  model: text,
  content: z.array(block),
  usage: lenientUsage,
  ...ending,
});

/**
 * The events of a streamed message that are read; any other is none of our business.
 * @see https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export const messageEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_start'),
    message: z.object({ model: text, usage: lenientUsage }),
  }),
  z.object({ type: z.literal('content_block_start'), index: z.number(), content_block: block }),
  z.object({
    type: z.literal('content_block_delta'),
    index: z.number(),
    delta: z.object({
      type: z.string(),
      text,
      thinking: text,
      signature: text,
      partial_json: text,
      citation: citation.nullish().catch(undefined),
    }),
  }),
  z.object({ type: z.literal('content_block_stop'), index: z.number().nullish() }),
  z.object({ type: z.literal('message_delta'), delta: z.object(ending), usage: lenientUsage }),
  z.object({ type: z.literal('message_stop') }),
  z.object({ type: z.literal('ping') }),
]);
export type MessageEvent = z.infer<typeof messageEvent>;

/** The types of {@link messageEvent}. */
export const knownEvents: ReadonlySet<string> = new Set<MessageEvent['type']>([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'ping',
]);
