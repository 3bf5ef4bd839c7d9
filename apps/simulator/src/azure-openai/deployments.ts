import { findModel } from '../models/catalogue.ts';
import type { Call, Reply } from '../server/call.ts';
import type { PreparedCall, Refusal, Route } from '../server/dialect.ts';
import { azureError, deploymentNotFound, resourceNotFound } from './errors.ts';

/**
 * The classic path of a route: the deployment stands in the path, whatever `model` the body names,
 * and the query must tell an api-version. A deployment is called as a model or a variant of one.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export function underDeployment(route: Route): Route {
  return {
    ...route,
    path: `/deployments/:deployment${route.path}`,
    prepare: (call) => {
      if (!call.query.get('api-version')) return { refusal: resourceNotFound() };
      return prepareOn(route, call, call.params.deployment ?? '');
    },
  };
}

/**
 * The v1 path of a route: the deployment is the body's `model`, the api-version may be left out.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
 */
export function underV1(route: Route): Route {
  return {
    ...route,
    path: `/v1${route.path}`,
    prepare: (call) => {
      const deployment = readModel(call.json);
      return deployment === undefined ? route.prepare(call) : prepareOn(route, call, deployment);
    },
  };
}

/** The ledger names the deployment; the answer names the model that is behind it. */
async function prepareOn(
  route: Route,
  call: Call,
  deployment: string,
): Promise<PreparedCall | Refusal> {
  const model = findModel(deployment);
  if (model === undefined) return { refusal: deploymentNotFound() };
  if (model.type !== route.kind) return { refusal: unsupported(route.kind, model.id) };
  const { json } = call;
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const inner = isObject ? { ...call, json: { ...json, model: model.id } } : call;
  const prepared = await route.prepare(inner);
  return 'refusal' in prepared ? prepared : { ...prepared, model: deployment };
}

function readModel(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('model' in json)) return undefined;
  return typeof json.model === 'string' ? json.model : undefined;
}

const operations: Readonly<Record<string, string>> = {
  chat: 'chatCompletion',
  embedding: 'embeddings',
  transcription: 'audio',
};

function unsupported(kind: string, modelId: string): Reply {
  const operation = operations[kind] ?? kind;
  const message = `The ${operation} operation does not work with the specified model, ${modelId}. Please choose different model and try again.`;
  return azureError(400, 'OperationNotSupported', message);
}
