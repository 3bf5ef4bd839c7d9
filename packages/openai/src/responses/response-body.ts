import { z } from 'zod';

import { dropNulls, isObject, mapList } from '@sluice/config';
import { chatInput, jobMetadata, name } from '@sluice/contracts';

import { fallbackFields } from '../fallbacks.ts';

/** What an item of an answer has that says nothing when it is sent back. */
const sentBack = { id: z.string().optional(), status: z.string().optional() };

const inputPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({
    type: z.literal('output_text'),
    text: z.string(),
    annotations: z.array(z.unknown()).optional(),
    logprobs: z.array(z.unknown()).optional(),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().min(1),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
  z.strictObject({
    type: z.literal('input_file'),
    file_data: z.string().optional(),
    file_id: z.string().optional(),
    filename: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('input_audio'),
    input_audio: z.strictObject({ data: z.string().min(1), format: z.string().min(1) }),
  }),
]);
export type InputPart = z.infer<typeof inputPart>;

const messageItem = z.strictObject({
  type: z.literal('message'),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(inputPart)]),
  ...sentBack,
});
const callItem = z.strictObject({
  type: z.literal('function_call'),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
  ...sentBack,
});
const outputItem = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1),
  output: z.union([z.string(), z.array(inputPart)]),
  ...sentBack,
});
const reasoningItem = z.strictObject({
  type: z.literal('reasoning'),
  summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
  content: z.array(z.unknown()).optional(),
  encrypted_content: z.string().optional(),
  ...sentBack,
});
const inputItem = z.discriminatedUnion('type', [messageItem, callItem, outputItem, reasoningItem]);
export type InputItem = z.infer<typeof inputItem>;

const tool = z.strictObject({
  type: z.literal('function', { error: 'must be function: Sluice runs no tools of its own' }),
  name: z.string().min(1).max(64),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  strict: z.boolean().optional(),
});

const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().min(1).max(64),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().optional(),
  }),
]);

const {
  temperature,
  top_p,
  parallel_tool_calls,
  reasoning_effort,
  verbosity,
  prompt_cache_key,
  prompt_cache_retention,
  prompt_cache_options,
  top_logprobs,
  service_tier,
} = chatInput.shape;

/**
 * Body of `POST /v1/responses`. Tools that OpenAI runs itself, stored prompts and conversations are refused: no other vendor
 * has them.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export const responseBody = z.strictObject({
  model: name,
  input: z.union([z.string().min(1), z.array(inputItem).min(1)]),
  instructions: z.string().optional(),
  previous_response_id: z.string().min(1).max(128).optional(),
  background: z.boolean().optional(),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).optional(),
  store: z.boolean().optional(),
  include: z.array(z.string()).max(20).optional(),
  max_output_tokens: z.int().min(1).optional(),
  metadata: jobMetadata.optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string().min(1) }),
    ])
    .optional(),
  text: z.strictObject({ format: textFormat.optional(), verbosity }).optional(),
  reasoning: z
    .strictObject({ effort: reasoning_effort, summary: z.string().optional() })
    .optional(),
  truncation: z.literal('disabled', { error: 'must be disabled' }).optional(),
  top_logprobs,
  service_tier,
  user: z.string().min(1).max(255).optional(),
  safety_identifier: z.string().min(1).max(255).optional(),
  temperature,
  top_p,
  parallel_tool_calls,
  prompt_cache_key,
  prompt_cache_retention,
  prompt_cache_options,
  ...fallbackFields,
});
export type ResponseBody = z.infer<typeof responseBody>;

/** Without nulls, and with the type of a message that leaves it out. */
export function tidyResponseBody(body: unknown): unknown {
  const given = dropNulls(body);
  if (!isObject(given)) return given;
  const { input, tools, text, reasoning } = given;
  return {
    ...given,
    ...(input !== undefined && { input: mapList(input, tidyItem) }),
    ...(tools !== undefined && { tools: mapList(tools, dropNulls) }),
    ...(text !== undefined && { text: dropNulls(text) }),
    ...(reasoning !== undefined && { reasoning: dropNulls(reasoning) }),
  };
}

function tidyItem(item: unknown): unknown {
  const given = dropNulls(item);
  if (!isObject(given)) return given;
  const { parsed_arguments: _parsed, ...rest } = given;
  const typed = 'role' in rest && !('type' in rest) ? { type: 'message', ...rest } : rest;
  return 'content' in typed ? { ...typed, content: mapList(typed['content'], tidyPart) } : typed;
}

function tidyPart(part: unknown): unknown {
  const given = dropNulls(part);
  if (!isObject(given)) return given;
  const { parsed: _parsed, ...rest } = given;
  return rest;
}
