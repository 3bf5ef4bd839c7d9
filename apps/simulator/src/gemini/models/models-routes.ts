import { findModel, MODELS } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { Call } from '../../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../../server/dialect.ts';
import { geminiError } from '../errors.ts';
import { methodsOf } from '../find-gemini-model.ts';
import { serve } from '../serve.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/**
 * `GET /models` with `pageSize` and `pageToken`, and `GET /models/:model`.
 * @see https://ai.google.dev/api/models
 */
export function createModelsRoutes(version: string): Route[] {
  const route = (path: string, prepare: Route['prepare']): Route => ({
    method: 'GET',
    path: `/${version}${path}`,
    kind: 'models',
    paid: false,
    prepare,
  });
  return [route('/models', listModels), route('/models/:model', getModel)];
}

function listModels({ query }: Call): PreparedCall | Refusal {
  const pageSize = Number(query.get('pageSize') ?? DEFAULT_PAGE_SIZE);
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(pageSize) || pageSize < 0) {
    return { refusal: geminiError(400, '* ListModelsRequest.page_size: must not be negative\n') };
  }
  if (!Number.isInteger(start) || start < 0) {
    return { refusal: geminiError(400, 'Invalid page token') };
  }
  const offered = MODELS.filter((model) => methodsOf(model).length > 0);
  const end = start + Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
  const models = offered.slice(start, end).map((model) => describeModel(model.id, model));
  return serve({ models, ...(end < offered.length && { nextPageToken: String(end) }) });
}

function getModel({ params: { model: id = '' } }: Call): PreparedCall | Refusal {
  const model = findModel(id);
  if (model !== undefined && methodsOf(model).length > 0) return serve(describeModel(id, model));
  return { refusal: geminiError(404, `Model is not found: models/${id} for api version v1beta`) };
}

function describeModel(id: string, model: Model): object {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description: 'A model of the Sluice simulator.',
    inputTokenLimit: model.contextTokens,
    outputTokenLimit: model.maxOutputTokens || 1,
    supportedGenerationMethods: methodsOf(model),
    ...(model.type === 'chat' && { temperature: 1, topP: 0.95, topK: 64, thinking: true }),
  };
}
