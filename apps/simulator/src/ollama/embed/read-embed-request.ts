import type { Reply } from '../../server/call.ts';
import { countTokens } from '../../text.ts';
import { ollamaError } from '../errors.ts';
import { findOllamaModel } from '../models/find-ollama-model.ts';
import type { NamedModel } from '../models/find-ollama-model.ts';
import { readObject } from '../read-object.ts';

const DEFAULT_DIMENSIONS = 256;

/** A valid embedding request. */
export type EmbedRequest = NamedModel & { inputs: string[]; tokens: number; dimensions: number };

/** Checks a body; texts above the context are cut unless `truncate` is false. */
export function readEmbedRequest(json: unknown): EmbedRequest | Reply {
  const body = readObject(json);
  if (body === undefined) return ollamaError(400, 'missing request body');
  const named = findOllamaModel(body.model, 'embedding');
  if ('status' in named) return named;
  const inputs: unknown[] = [body.input ?? []].flat();
  if (!inputs.every((input) => typeof input === 'string')) {
    return ollamaError(400, 'invalid input type');
  }
  const limit = named.model.contextTokens;
  const counts = inputs.map((input) => countTokens(input.length));
  if (body.truncate === false && counts.some((count) => count > limit)) {
    return ollamaError(400, 'input exceeds maximum context length');
  }
  const { dimensions = DEFAULT_DIMENSIONS } = body;
  return {
    ...named,
    inputs: inputs.map((input) => input.slice(0, limit * 4)),
    tokens: counts.reduce((sum, count) => sum + Math.min(count, limit), 0),
    dimensions:
      typeof dimensions === 'number' && dimensions > 0
        ? Math.min(dimensions, DEFAULT_DIMENSIONS)
        : DEFAULT_DIMENSIONS,
  };
}
