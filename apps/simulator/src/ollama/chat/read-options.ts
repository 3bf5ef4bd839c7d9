import type { ChatAsk } from '../../openai/chat/compose-choice.ts';
import type { Reply } from '../../server/call.ts';
import { ollamaError, wrongType } from '../errors.ts';
import { findOllamaModel } from '../models/find-ollama-model.ts';
import type { NamedModel } from '../models/find-ollama-model.ts';
import { readObject } from '../read-object.ts';

/** The context of a model that is loaded without `num_ctx`, as OLLAMA_CONTEXT_LENGTH has it. */
const DEFAULT_CONTEXT_TOKENS = 4096;

/** What calls of both surfaces have. */
export type CommonOptions = NamedModel &
  Pick<ChatAsk, 'maxTokens' | 'stop' | 'json'> & {
    stream: boolean;
    think: boolean;
    unload: boolean;
    contextTokens: number;
  };

/**
 * Reads `model`, `options`, `format`, `stream`, `think` and `keep_alive`. Unknown names are ignored, as
 * the vendor does.
 * @see https://docs.ollama.com/api/chat
 */
export function readOptions(body: Record<string, unknown>): CommonOptions | Reply {
  const model = findOllamaModel(body.model, 'completion');
  if ('status' in model) return model;
  const { stream = true, think } = body;
  if (typeof stream !== 'boolean') return wrongType(stream, 'ChatRequest.stream', 'bool');
  const options = readObject(body.options ?? {});
  if (options === undefined) {
    return wrongType(body.options, 'ChatRequest.options', 'map[string]interface {}');
  }
  const wrong = checkTypes(options);
  if (wrong !== undefined) return wrong;
  const json = readFormat(body.format);
  if (json !== undefined && 'status' in json) return json;
  const contextTokens = isNumber(options.num_ctx) ? options.num_ctx : DEFAULT_CONTEXT_TOKENS;
  return {
    ...model,
    stream,
    think: think !== undefined && think !== null && think !== false,
    unload: body.keep_alive === 0 || body.keep_alive === '0',
    // −1 and −2 are no limit.
    maxTokens:
      isNumber(options.num_predict) && options.num_predict >= 0 ? options.num_predict : undefined,
    stop: readStops(options.stop),
    json,
    contextTokens: Math.min(contextTokens, model.model.contextTokens),
  };
}

function readFormat(format: unknown): { schema: unknown } | Reply | undefined {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { schema: undefined };
  const schema = readObject(format);
  if (schema !== undefined) return { schema };
  const message = `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`;
  return ollamaError(400, message);
}

function checkTypes(options: Record<string, unknown>): Reply | undefined {
  for (const name of ['num_predict', 'num_ctx']) {
    if (isNumber(options[name] ?? 0)) continue;
    return ollamaError(400, `option "${name}" must be of type integer`);
  }
  if (Array.isArray(options.stop ?? [])) return undefined;
  return ollamaError(400, 'option "stop" must be of type array');
}

function readStops(stops: unknown): string[] {
  if (!Array.isArray(stops)) return [];
  return stops.filter((stop): stop is string => typeof stop === 'string' && stop !== '');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
