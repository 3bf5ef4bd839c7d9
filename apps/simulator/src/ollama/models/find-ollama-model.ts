import { findModel } from '../../models/catalogue.ts';
import type { Model } from '../../models/catalogue.ts';
import type { Reply } from '../../server/call.ts';
import { ollamaError, wrongType } from '../errors.ts';

/** What a model of each kind can do, as `/api/show` tells. */
export const CAPABILITIES = {
  chat: ['completion', 'tools', 'thinking', 'vision'],
  embedding: ['embedding'],
} as const;

/** A model that exists, under the name it was called by. */
export type NamedModel = { modelId: string; model: Model };

/** What a model can do; nothing for kinds Ollama does not run. */
export function capabilitiesOf({ type }: Model): readonly string[] {
  return type === 'chat' || type === 'embedding' ? CAPABILITIES[type] : [];
}

/** The model of a name such as `sim-chat` or `sim-chat:latest`, or the vendor's error. */
export function findOllamaModel(name: unknown, ability?: string): NamedModel | Reply {
  if (name === undefined || name === null || name === '') {
    return ollamaError(400, 'model is required');
  }
  if (typeof name !== 'string') return wrongType(name, 'ChatRequest.model', 'string');
  const model = findModel(withoutTag(name));
  const abilities = model === undefined ? [] : capabilitiesOf(model);
  if (model === undefined || abilities.length === 0) {
    return ollamaError(404, `model '${name}' not found`);
  }
  if (ability === undefined || abilities.includes(ability)) return { modelId: name, model };
  const verb = ability === 'completion' ? 'chat' : ability;
  return ollamaError(400, `"${name}" does not support ${verb}`);
}

/** The name of a model without its tag. */
export function withoutTag(name: string): string {
  return name.split(':', 1)[0] ?? name;
}
