import { findModel } from '../models/catalogue.ts';
import type { Model } from '../models/catalogue.ts';
import type { Call, Reply } from '../server/call.ts';
import { geminiError } from './errors.ts';

/** The methods a model of each kind answers, as the list of models names them. */
export const METHODS = {
  chat: ['generateContent', 'countTokens'],
  embedding: ['embedContent', 'countTokens'],
} as const;

/** A model that exists, under the name it was called by. */
export type NamedModel = { modelId: string; model: Model };

/** The model of the path, or the vendor's 404 when there is none that answers the method. */
export function findGeminiModel(call: Call, method: string): NamedModel | Reply {
  const modelId = call.params.model ?? '';
  const model = findModel(modelId);
  if (model !== undefined && methodsOf(model).includes(method)) return { modelId, model };
  const version = call.path.split('/')[2] ?? 'v1beta';
  return geminiError(
    404,
    `models/${modelId} is not found for API version ${version}, or is not supported for ${method}. ` +
      'Call ListModels to see the list of available models and their supported methods.',
  );
}

/** The methods a model answers; none for kinds Google does not offer. */
export function methodsOf({ type }: Model): readonly string[] {
  return type === 'chat' || type === 'embedding' ? METHODS[type] : [];
}
