import type { Reply } from '../../server/call.ts';
import { invalidParameter, openAiError } from '../errors.ts';
import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import { readAnswerForm } from './read-answer-form.ts';
import type { AnswerForm } from './read-answer-form.ts';
import { findUnknownParameter } from './parameters.ts';
import { measureMessages, readMessages } from './read-messages.ts';
import type { ChatMessage } from './read-messages.ts';
import { readTools } from './read-tools.ts';
import type { Tool, ToolChoice } from './read-tools.ts';

/** The parts of a chat request that the simulator acts upon. */
export type ChatRequest = {
  modelId: string;
  model: Model;
  messages: ChatMessage[];
  /** Tokens of all messages and tools, by the rule of `countTokens`. */
  promptTokens: number;
  maxTokens: number | undefined;
  choices: number;
  stop: string[];
  stream: boolean;
  includeUsage: boolean;
  tools: Tool[];
  toolChoice: ToolChoice;
  form: AnswerForm;
  /** What `response_format` asks for; a schema only with `json_schema`. */
  json: { schema: unknown } | undefined;
};

/**
 * Checks a body as the vendor does, by hand: a benchmark sends thousands a second.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function readChatRequest(json: unknown): ChatRequest | Reply {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return openAiError(400, {
      message: 'We could not parse the JSON body of your request. The body must be a JSON object.',
    });
  }
  // A checked, non-array object: every field is read as unknown below.
  const body = json as Record<string, unknown>;
  const unknown = findUnknownParameter(body);
  if (unknown !== undefined) {
    return invalidParameter(`Unknown parameter: '${unknown}'.`, unknown, 'unknown_parameter');
  }
  const model = readModel(body.model);
  if ('status' in model) return model;
  const messages = readMessages(body.messages);
  if ('status' in messages) return messages;
  const numbers = checkNumbers(body);
  if (numbers !== undefined) return numbers;
  return assemble(body, model, messages.list);
}

function readModel(id: unknown): { modelId: string; model: Model } | Reply {
  if (typeof id !== 'string' || id === '') {
    return openAiError(400, { message: 'you must provide a model parameter' });
  }
  const model = findModel(id);
  if (model === undefined) {
    const message = `The model \`${id}\` does not exist or you do not have access to it.`;
    return openAiError(404, { message, code: 'model_not_found' });
  }
  if (model.type !== 'chat') {
    const message = `This is not a chat model and thus not supported in the v1/chat/completions endpoint: ${id}.`;
    return openAiError(404, { message, param: 'model' });
  }
  return { modelId: id, model };
}

const RANGES: readonly [name: string, min: number, max: number, whole: boolean][] = [
  ['max_tokens', 1, Infinity, true],
  ['max_completion_tokens', 1, Infinity, true],
  ['n', 1, 128, true],
  ['temperature', 0, 2, false],
  ['top_p', 0, 1, false],
  ['frequency_penalty', -2, 2, false],
  ['presence_penalty', -2, 2, false],
];

function checkNumbers(body: Record<string, unknown>): Reply | undefined {
  for (const [name, min, max, whole] of RANGES) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    const kind = whole ? 'an integer' : 'a number';
    if (typeof value !== 'number' || (whole && !Number.isInteger(value))) {
      const message = `Invalid type for '${name}': expected ${kind}, but got ${JSON.stringify(value)} instead.`;
      return invalidParameter(message, name, 'invalid_type');
    }
    if (value < min) {
      const message = `Invalid '${name}': decimal below minimum value. Expected a value >= ${min}, but got ${value} instead.`;
      return invalidParameter(message, name, 'decimal_below_min_value');
    }
    if (value > max) {
      const message = `Invalid '${name}': decimal above maximum value. Expected a value <= ${max}, but got ${value} instead.`;
      return invalidParameter(message, name, 'decimal_above_max_value');
    }
  }
  return undefined;
}

function assemble(
  body: Record<string, unknown>,
  { modelId, model }: { modelId: string; model: Model },
  messages: ChatMessage[],
): ChatRequest | Reply {
  const tools = readTools(body);
  if ('status' in tools) return tools;
  const form = readAnswerForm(body);
  if ('status' in form) return form;
  const json = readResponseFormat(body.response_format, messages);
  if (json !== undefined && 'status' in json) return json;
  const promptTokens = measureMessages(messages, tools.characters);
  if (promptTokens > model.contextTokens) return contextExceeded(model, promptTokens);
  if (isNumber(body.max_tokens) && isNumber(body.max_completion_tokens)) {
    const message =
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
    return invalidParameter(message, 'max_tokens', 'invalid_parameter_combination');
  }
  return {
    modelId,
    model,
    messages,
    promptTokens,
    maxTokens: [body.max_completion_tokens, body.max_tokens].find(isNumber),
    choices: isNumber(body.n) ? body.n : 1,
    stop: [body.stop].flat().filter((stop) => typeof stop === 'string' && stop !== '') as string[],
    stream: body.stream === true,
    includeUsage: wantsUsage(body.stream_options),
    tools: tools.list,
    toolChoice: tools.choice,
    form,
    json,
  };
}

function readResponseFormat(
  format: unknown,
  messages: ChatMessage[],
): { schema: unknown } | Reply | undefined {
  if (typeof format !== 'object' || format === null || !('type' in format)) return undefined;
  if (format.type === 'json_schema') {
    const { json_schema: outer } = format as { json_schema?: unknown };
    if (typeof outer === 'object' && outer !== null && 'schema' in outer) {
      return { schema: outer.schema };
    }
    const param = 'response_format.json_schema';
    const message = `Missing required parameter: '${param}.schema'.`;
    return invalidParameter(message, param, 'missing_required_parameter');
  }
  if (format.type !== 'json_object') return undefined;
  if (messages.some(({ text }) => /json/iu.test(text))) return { schema: undefined };
  const message =
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
  return openAiError(400, { message, param: 'messages' });
}

function contextExceeded(model: Model, promptTokens: number): Reply {
  const message =
    `This model's maximum context length is ${model.contextTokens} tokens. However, your messages ` +
    `resulted in ${promptTokens} tokens. Please reduce the length of the messages.`;
  return invalidParameter(message, 'messages', 'context_length_exceeded');
}

function wantsUsage(options: unknown): boolean {
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
