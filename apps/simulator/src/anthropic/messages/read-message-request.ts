import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import { invalidRequest, notFound } from '../errors.ts';
import type { AnthropicError } from '../errors.ts';
import { isObject } from './content-block.ts';
import type { RawObject } from './content-block.ts';
import { COUNT_PARAMETERS, NEWEST_PARAMETERS, OLDER_PARAMETERS } from './parameters.ts';
import { assemblePrompt, readSystem } from './prompt.ts';
import type { Prompt } from './prompt.ts';
import { readThinking } from './read-thinking.ts';
import type { Thinking } from './read-thinking.ts';
import { readTools } from './read-tools.ts';
import type { Tools } from './read-tools.ts';
import { readTurns } from './read-turns.ts';
import type { Turn } from './read-turns.ts';

/** What is asked, without how it shall be answered. */
export type Question = {
  modelId: string;
  model: Model;
  turns: Turn[];
  tools: Tools;
  prompt: Prompt;
};

/** The parts of a message request that the simulator acts upon. */
export type MessageRequest = Question & {
  maxTokens: number;
  stopSequences: string[];
  stream: boolean;
  thinking: Thinking;
  /** JSON Schema of the answer; absent = text. */
  schema: unknown;
};

/**
 * Checks the body of `POST /v1/messages`. `isNewest` = the rules of version 2026-10-21 hold.
 * @see https://platform.claude.com/docs/en/api/messages/create
 */
export function readMessageRequest(
  json: unknown,
  isNewest: boolean,
): MessageRequest | AnthropicError {
  if (!isObject(json)) return notJson();
  const problem =
    findUnknown(json, isNewest ? NEWEST_PARAMETERS : OLDER_PARAMETERS) ?? checkNumbers(json);
  if (problem !== undefined) return problem;
  const question = readQuestion(json, isNewest);
  if ('status' in question) return question;
  // Checked to be an integer above.
  const maxTokens = json.max_tokens as number;
  const { model, modelId, tools } = question;
  if (maxTokens > model.maxOutputTokens) {
    return invalidRequest(
      `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${modelId}`,
    );
  }
  const thinking = readThinking(json.thinking, maxTokens, tools.choice);
  if ('status' in thinking) return thinking;
  const stops = readStops(json.stop_sequences);
  if ('status' in stops) return stops;
  const stream = json.stream === true;
  const schema = readSchema(json.output_config);
  return { ...question, maxTokens, stopSequences: stops.list, stream, thinking, schema };
}

/** Checks the body of `POST /v1/messages/count_tokens`. */
export function readCountRequest(json: unknown, isNewest: boolean): Question | AnthropicError {
  if (!isObject(json)) return notJson();
  return findUnknown(json, COUNT_PARAMETERS) ?? readQuestion(json, isNewest);
}

function notJson(): AnthropicError {
  return invalidRequest('The request body is not valid JSON: it must be an object.');
}

function findUnknown(body: RawObject, known: ReadonlySet<string>): AnthropicError | undefined {
  const unknown = Object.keys(body).find((name) => !known.has(name));
  if (unknown === undefined) return undefined;
  return invalidRequest(`${unknown}: Extra inputs are not permitted`);
}

function checkNumbers(body: RawObject): AnthropicError | undefined {
  const { max_tokens: maxTokens } = body;
  if (maxTokens === undefined) return invalidRequest('max_tokens: Field required');
  if (!Number.isInteger(maxTokens)) {
    return invalidRequest('max_tokens: Input should be a valid integer');
  }
  if (Number(maxTokens) < 0) {
    return invalidRequest('max_tokens: Input should be greater than or equal to 0');
  }
  for (const name of ['temperature', 'top_p']) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') return invalidRequest(`${name}: Input should be a valid number`);
    if (value < 0) return invalidRequest(`${name}: Input should be greater than or equal to 0`);
    if (value > 1) return invalidRequest(`${name}: Input should be less than or equal to 1`);
  }
  return undefined;
}

function readQuestion(body: RawObject, isNewest: boolean): Question | AnthropicError {
  const { model: modelId } = body;
  if (modelId === undefined) return invalidRequest('model: Field required');
  if (typeof modelId !== 'string') return invalidRequest('model: Input should be a valid string');
  const model = findModel(modelId);
  if (model?.type !== 'chat') return notFound(`model: ${modelId}`);
  const read = readTurns(body.messages, isNewest);
  if ('status' in read) return read;
  const system = readSystem(body.system);
  if ('status' in system) return system;
  const tools = readTools(body);
  if ('status' in tools) return tools;
  const { turns } = read;
  const parts = { tools: tools.segments, system: system.blocks, turns };
  const prompt = assemblePrompt(parts, body.cache_control);
  if ('status' in prompt) return prompt;
  if (prompt.tokens > model.contextTokens) {
    return invalidRequest(
      `prompt is too long: ${prompt.tokens} tokens > ${model.contextTokens} maximum`,
    );
  }
  return { modelId, model, turns, tools, prompt };
}

function readStops(stops: unknown): { list: string[] } | AnthropicError {
  if (stops === undefined || stops === null) return { list: [] };
  if (!Array.isArray(stops) || !stops.every((stop) => typeof stop === 'string')) {
    return invalidRequest('stop_sequences: Input should be a valid list of strings');
  }
  const blank = stops.findIndex((stop) => stop.trim() === '');
  if (blank === -1) return { list: stops };
  return invalidRequest('stop_sequences: each stop sequence must contain non-whitespace');
}

function readSchema(config: unknown): unknown {
  const format = isObject(config) ? config.format : undefined;
  return isObject(format) && format.type === 'json_schema' ? format.schema : undefined;
}
