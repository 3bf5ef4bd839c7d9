import type { Reply } from '../../server/call.ts';
import { readChatRequest } from '../chat/read-chat-request.ts';
import type { ChatRequest } from '../chat/read-chat-request.ts';
import { invalidParameter, openAiError } from '../errors.ts';
import { readItems } from './read-items.ts';

/**
 * Every parameter of the vendor's request for a response.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
const PARAMETERS: ReadonlySet<string> = new Set([
  'background',
  'conversation',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'model',
  'moderation',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
]);

/** What a response is asked for: a chat, and how its answer is told. */
export type ResponseRequest = {
  chat: ChatRequest;
  /** The model thinks, and its thoughts come back encrypted. */
  thinks: boolean;
  sealsThoughts: boolean;
  store: boolean;
};

/** Reads a request for a response, or says what is wrong with it. */
export function readResponseRequest(json: unknown): ResponseRequest | Reply {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return openAiError(400, { message: 'The body must be a JSON object.' });
  }
  // A checked, non-array object: every field is read as unknown below.
  const body = json as Record<string, unknown>;
  const unknown = Object.keys(body).find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) {
    return invalidParameter(`Unknown parameter: '${unknown}'.`, unknown, 'unknown_parameter');
  }
  const items = readItems(body.input);
  if ('status' in items) return items;
  const include = Array.isArray(body.include) ? body.include : [];
  const chat = readChatRequest(toChat(body, items.messages, include));
  if ('status' in chat) return chat;
  const effort = fieldOf(body.reasoning, 'effort');
  return {
    chat,
    thinks: effort !== undefined && effort !== 'none',
    sealsThoughts: include.includes('reasoning.encrypted_content'),
    store: body.store !== false,
  };
}

/** The same as a chat: what differs are the names. */
function toChat(
  { model, stream, instructions, tools, tool_choice: choice, ...body }: Record<string, unknown>,
  messages: object[],
  include: unknown[],
): Record<string, unknown> {
  const system =
    typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  const likely =
    include.includes('message.output_text.logprobs') || body.top_logprobs !== undefined;
  return {
    model,
    messages: [...system, ...messages],
    stream,
    max_completion_tokens: body.max_output_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    service_tier: body.service_tier,
    response_format: toFormat(fieldOf(body.text, 'format')),
    tools: Array.isArray(tools) ? tools.map(toTool) : tools,
    tool_choice: typeof choice === 'object' && choice !== null ? toTool(choice) : choice,
    ...(likely && { logprobs: true, top_logprobs: body.top_logprobs ?? 0 }),
  };
}

function toTool(tool: unknown): object {
  const { type, ...definition } = tool as Record<string, unknown>;
  return { type, function: definition };
}

function toFormat(format: unknown): unknown {
  if (fieldOf(format, 'type') !== 'json_schema') return format;
  const { type, ...schema } = format as Record<string, unknown>;
  return { type, json_schema: schema };
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}
