import type { Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import { invalidParameter, openAiError } from '../errors.ts';
import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import { toWords } from './embed.ts';

const MAX_INPUTS = 2048;
const MAX_TOKENS_PER_INPUT = 8192;
const MAX_TOKENS = 300_000;
const DEFAULT_DIMENSIONS = 256;
const MAX_DIMENSIONS = 4096;

/** One text to embed, as words, and its length in tokens. */
export type EmbeddingInput = { words: string[]; tokens: number };

/** A valid embedding request. */
export type EmbeddingRequest = {
  modelId: string;
  model: Model;
  inputs: EmbeddingInput[];
  tokens: number;
  dimensions: number;
  base64: boolean;
};

/** Checks a body. @see https://platform.openai.com/docs/api-reference/embeddings/create */
export function readEmbeddingRequest(json: unknown): EmbeddingRequest | Reply {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return openAiError(400, { message: 'We could not parse the JSON body of your request.' });
  }
  const { model: id, input, dimensions, encoding_format: format } = json as Record<string, unknown>;
  if (typeof id !== 'string' || id === '') {
    return openAiError(400, { message: 'you must provide a model parameter' });
  }
  const model = findModel(id);
  if (model?.type !== 'embedding') return unknownModel(id);
  const inputs = readInputs(input);
  if ('status' in inputs) return inputs;
  const tokens = inputs.list.reduce((sum, each) => sum + each.tokens, 0);
  if (tokens > MAX_TOKENS) {
    return invalidParameter(
      `Invalid 'input': maximum request size is ${MAX_TOKENS} tokens.`,
      'input',
    );
  }
  if (dimensions !== undefined && !isDimensions(dimensions)) {
    const message = `Invalid value for 'dimensions': must be an integer from 1 to ${MAX_DIMENSIONS}.`;
    return invalidParameter(message, 'dimensions');
  }
  if (format !== undefined && format !== 'float' && format !== 'base64') {
    const message = `Invalid value: ${JSON.stringify(format)}. Supported values are: 'float' and 'base64'.`;
    return invalidParameter(message, 'encoding_format');
  }
  return {
    modelId: id,
    model,
    inputs: inputs.list,
    tokens,
    dimensions: dimensions ?? DEFAULT_DIMENSIONS,
    base64: format === 'base64',
  };
}

function unknownModel(id: string): Reply {
  const message = `The model \`${id}\` does not exist or you do not have access to it.`;
  return openAiError(404, { message, code: 'model_not_found' });
}

function readInputs(input: unknown): { list: EmbeddingInput[] } | Reply {
  const wrong = "Invalid 'input': expected a string, an array of strings, or arrays of tokens.";
  if (input === undefined) {
    const message = "Missing required parameter: 'input'.";
    return invalidParameter(message, 'input', 'missing_required_parameter');
  }
  const isOne = typeof input === 'string' || isTokens(input);
  const values: unknown = isOne ? [input] : input;
  if (!Array.isArray(values) || values.length === 0) return invalidParameter(wrong, 'input');
  if (values.length > MAX_INPUTS) {
    return invalidParameter(`Invalid 'input': at most ${MAX_INPUTS} inputs.`, 'input');
  }
  const list = values.map(readInput);
  if (!list.every((each) => each !== undefined)) return invalidParameter(wrong, 'input');
  const long = list.find(({ tokens }) => tokens > MAX_TOKENS_PER_INPUT);
  if (long === undefined) return { list };
  const message = `This model's maximum context length is ${MAX_TOKENS_PER_INPUT} tokens, however you requested ${long.tokens} tokens. Please reduce your prompt.`;
  return invalidParameter(message, 'input', 'context_length_exceeded');
}

function readInput(value: unknown): EmbeddingInput | undefined {
  if (isTokens(value)) return { words: value.map(String), tokens: value.length };
  if (typeof value !== 'string' || value === '') return undefined;
  return { words: toWords(value), tokens: countTokens(value.length) };
}

function isTokens(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);
}

function isDimensions(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_DIMENSIONS;
}
