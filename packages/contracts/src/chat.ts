import { z } from 'zod';

import { jobMetadata } from './job-metadata.ts';
import { sparseObject } from './sparse-object.ts';

/**
 * Anthropic's mark: the prompt up to the end of what carries it is kept in the vendor's cache.
 * @see https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
const cacheControl = z
  .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
  .optional();

const textPart = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  cache_control: cacheControl,
});
const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().min(1),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
  cache_control: cacheControl,
});
const audioPart = z.strictObject({
  type: z.literal('input_audio'),
  input_audio: z.strictObject({ data: z.string().min(1), format: z.string().min(1) }),
  cache_control: cacheControl,
});
const filePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_id: z.string().optional(),
    file_data: z.string().optional(),
    filename: z.string().optional(),
  }),
  cache_control: cacheControl,
});
const contentPart = z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart]);
const content = z.union([z.string(), z.array(contentPart).min(1)]);

const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
  extra_content: z
    .strictObject({ google: z.strictObject({ thought_signature: z.string() }) })
    .optional(),
});

/** A thought of the model, as its vendor wants it back. */
const reasoningPart = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('thinking'),
    thinking: z.string(),
    signature: z.string().min(1),
    before_tool_call: z.int().min(0).optional(),
  }),
  z.strictObject({
    type: z.literal('redacted_thinking'),
    data: z.string().min(1),
    before_tool_call: z.int().min(0).optional(),
  }),
  z.strictObject({ type: z.literal('thought_signature'), signature: z.string().min(1) }),
  z.strictObject({
    type: z.literal('encrypted_reasoning'),
    id: z.string().min(1),
    encrypted_content: z.string().min(1),
    summary: z.array(z.string()).optional(),
    before_tool_call: z.int().min(0).optional(),
  }),
]);

/**
 * What a vendor wants back unchanged of what the model thought: Anthropic's blocks and the items of OpenAI's responses, each
 * with the place of the tool call that it stands before where that is not the begin of the message, or the signature of
 * Gemini's text. No other vendor gets it.
 * @see https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures
 * @see https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
 */
export type ReasoningPart = z.infer<typeof reasoningPart>;

const saidAudio = z.strictObject({
  id: z.string().min(1).optional(),
  data: z.string().optional(),
  transcript: z.string().optional(),
  format: z.string().optional(),
  expires_at: z.number().optional(),
});

const instruction = { content, name: z.string().optional(), cache_control: cacheControl };

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), ...instruction }),
  z.strictObject({ role: z.literal('developer'), ...instruction }),
  z.strictObject({ role: z.literal('user'), content, name: z.string().optional() }),
  z.strictObject({
    role: z.literal('assistant'),
    content: content.nullable().optional(),
    name: z.string().optional(),
    refusal: z.string().nullable().optional(),
    /** As a result has them. The text and the citations are for people and are sent to nobody. */
    reasoning: z.string().optional(),
    annotations: z.array(z.looseObject({ type: z.string() })).optional(),
    /** Of what the model said: OpenAI knows it by its id for an hour; nobody can be sent it without one. */
    audio: saidAudio.optional(),
    images: z
      .array(imagePart.omit({ cache_control: true }))
      .min(1)
      .optional(),
    reasoning_parts: z.array(reasoningPart).min(1).optional(),
    tool_calls: z.array(toolCall).min(1).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string().min(1) }),
]);
export type ChatMessage = z.infer<typeof message>;

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().min(1).max(64),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullable().optional(),
  }),
  cache_control: cacheControl,
});

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().min(1).max(64),
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullable().optional(),
    }),
  }),
]);

/** What a client may want of speed and price: OpenAI's words, Anthropic's `standard_only` and Gemini's `standard`. */
const serviceTier = z.enum([
  'auto',
  'default',
  'flex',
  'scale',
  'priority',
  'fast',
  'standard',
  'standard_only',
]);

/** The voice of an answer that is spoken. */
const spokenAudio = z.strictObject({
  voice: z.union([z.string().min(1).max(128), z.strictObject({ id: z.string().min(1).max(128) })]),
  format: z.enum(['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16']),
});

/** What most of the answer will be, as a text or parts of one. */
const prediction = z.strictObject({
  type: z.literal('content'),
  content: z.union([
    z.string(),
    z.array(z.strictObject({ type: z.literal('text'), text: z.string() })).min(1),
  ]),
});

const webSearchOptions = z.strictObject({
  search_context_size: z.enum(['low', 'medium', 'high']).optional(),
  user_location: z
    .strictObject({
      type: z.literal('approximate'),
      approximate: z.strictObject({
        city: z.string().optional(),
        country: z.string().optional(),
        region: z.string().optional(),
        timezone: z.string().optional(),
      }),
    })
    .optional(),
});

/**
 * The `input` of a chat job: OpenAI's chat request without `model` and `stream`.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export const chatInput = sparseObject({
  messages: z.array(message).min(1),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  /** No field of OpenAI's; the others have it. */
  top_k: z.int().min(1).optional(),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  stop: z.union([z.string(), z.array(z.string()).min(1).max(4)]).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  seed: z.int().optional(),
  logit_bias: z.record(z.string(), z.number()).optional(),
  /** How many answers. */
  n: z.int().min(1).max(128).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  service_tier: serviceTier.optional(),
  /** Whether OpenAI keeps the answer on its side, and the names that it keeps it under. Sluice's own are the job's `metadata`. */
  store: z.boolean().optional(),
  metadata: jobMetadata.optional(),
  modalities: z
    .array(z.enum(['text', 'audio', 'image']))
    .min(1)
    .max(3)
    .optional(),
  audio: spokenAudio.optional(),
  prediction: prediction.optional(),
  web_search_options: webSearchOptions.optional(),
  response_format: responseFormat.optional(),
  tools: z.array(tool).min(1).optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({ name: z.string().min(1) }),
      }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  verbosity: z.enum(['low', 'medium', 'high']).optional(),
  prompt_cache_key: z.string().min(1).max(256).optional(),
  prompt_cache_retention: z.enum(['in-memory', 'in_memory', '24h']).optional(),
  prompt_cache_options: z
    .strictObject({
      mode: z.enum(['implicit', 'explicit']).optional(),
      ttl: z.string().min(1).max(16).optional(),
    })
    .optional(),
  /** Anthropic's: it marks the last part of the prompt that can be kept by itself. */
  cache_control: cacheControl,
  /** Gemini's: the name of a part of a prompt that was put into its cache before, `cachedContents/…`. */
  cached_content: z.string().min(1).max(256).optional(),
});
export type ChatInput = z.infer<typeof chatInput>;
