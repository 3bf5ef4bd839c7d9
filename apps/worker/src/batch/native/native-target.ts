import type { Target } from '@sluice/config';
import { publicName, SluiceError, type BatchRequest } from '@sluice/contracts';
import type { BatchApi } from '@sluice/providers';
import { resolveRoute } from '@sluice/routing';

import type { FileBatchDeps } from '../file/file-batch.ts';

/**
 * The target that answers a request in a batch at its vendor: the first of its model. There are no fallbacks there.
 * @throws SluiceError `invalid_request` that says why the request can be no part of one.
 */
export function nativeTargetOf(
  request: BatchRequest,
  { config, adapterFor }: Pick<FileBatchDeps, 'config' | 'adapterFor'>,
): { target: Target; api: BatchApi } {
  const name = publicName(request);
  const { targets, choice } = resolveRoute(config, request.type, name);
  if (request.fallback) throw refuseFallback();
  if (choice) throw refuse(request, `"${name}" chooses another model for each request`);
  const [target] = targets;
  const { kind, name: provider } = target.provider;
  const api = adapterFor(kind).batches;
  if (api) return { target, api };
  throw refuse(request, `"${name}" is at ${provider} (${kind}), which has no batches`);
}

function refuseFallback(): SluiceError {
  const message = 'fallback: batches of vendors have none; execution must be live or auto';
  return new SluiceError('invalid_request', message, { param: 'fallback' });
}

function refuse(request: BatchRequest, why: string): SluiceError {
  const param = 'app' in request ? 'app' : 'model';
  const message = `${param}: ${why}; execution must be live or auto, or the model one of openai or anthropic`;
  return new SluiceError('invalid_request', message, { param });
}
