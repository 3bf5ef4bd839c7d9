import { hash } from 'node:crypto';
import { MODELS } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { PreparedCall, Route } from '../../server/dialect.ts';
import { ollamaError } from '../errors.ts';
import { readObject } from '../read-object.ts';
import { serve } from '../serve.ts';
import { capabilitiesOf, findOllamaModel } from './find-ollama-model.ts';

/** The version whose ways the dialect has. */
const VERSION = '0.13.5';
const MODIFIED_AT = '2026-01-01T00:00:00Z';
const SIZE_BYTES = 2_019_393_189;

/**
 * `GET /api/version`, `GET /api/tags` and `POST /api/show`.
 * @see https://docs.ollama.com/api
 */
export function createInfoRoutes(): Route[] {
  const route = (method: Route['method'], path: string, prepare: Route['prepare']): Route => ({
    method,
    path,
    kind: path === '/api/version' ? 'version' : 'models',
    paid: false,
    prepare,
  });
  return [
    route('GET', '/api/version', () => serve({ version: VERSION })),
    route('GET', '/api/tags', listModels),
    route('POST', '/api/show', ({ json }) => showModel(json)),
  ];
}

function listModels(): PreparedCall {
  const offered = MODELS.filter((model) => capabilitiesOf(model).length > 0);
  const models = offered.map((model) => ({
    name: `${model.id}:latest`,
    model: `${model.id}:latest`,
    modified_at: MODIFIED_AT,
    size: SIZE_BYTES,
    digest: hash('sha256', model.id),
    details: describeDetails(model),
  }));
  return serve({ models });
}

function showModel(json: unknown): ReturnType<Route['prepare']> {
  const body = readObject(json);
  if (body === undefined) return { refusal: ollamaError(400, 'missing request body') };
  const found = findOllamaModel(body.model ?? body.name);
  if ('status' in found) return { refusal: found };
  const { model } = found;
  return serve({
    license: 'MIT',
    modelfile: `FROM ${model.id}`,
    parameters: 'temperature 0',
    template: '{{ .Prompt }}',
    details: describeDetails(model),
    model_info: {
      'general.architecture': 'sim',
      'general.parameter_count': 3_212_749_888,
      'sim.context_length': model.contextTokens,
      'sim.embedding_length': 256,
    },
    capabilities: capabilitiesOf(model),
    modified_at: MODIFIED_AT,
  });
}

function describeDetails({ id }: Model): object {
  return {
    parent_model: '',
    format: 'gguf',
    family: 'sim',
    families: ['sim'],
    parameter_size: id === 'sim-chat-large' ? '70B' : '3.2B',
    quantization_level: 'Q4_K_M',
  };
}
