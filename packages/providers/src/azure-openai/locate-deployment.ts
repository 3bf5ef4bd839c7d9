import type { Provider, Target } from '@sluice/config';

/** The newest version that is generally available and not a preview. */
const defaultApiVersion = '2024-10-21';

interface Location {
  path: string;
  query: Record<string, string>;
}

/**
 * Where a deployment answers to a route such as `/chat/completions`. A base URL that ends in `/v1` is that of the v1 surface: the deployment is the body's `model`
 * and `api-version` is sent only if it is configured. Any other is a resource's endpoint (`https://<name>.openai.azure.com`,
 * with or without `/openai`), where the deployment stands in the path and `api-version` is required.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
 */
export function locateDeployment({ provider, model }: Target, route: string): Location {
  return locate(provider, route, `/deployments/${encodeURIComponent(model)}${route}`);
}

/** Where responses are made; the same two surfaces. The deployment is the body's `model` on both. */
export function locateResponses({ provider }: Target): Location {
  return locate(provider, '/responses', '/responses');
}

/** Where the list of models is; the same two surfaces. */
export function locateModels({ provider }: Target): Location {
  return locate(provider, '/models', '/models');
}

/** `route` of the v1 surface, or `classic` of a resource's endpoint. */
function locate({ baseUrl, options }: Provider, route: string, classic: string): Location {
  const { apiVersion } = options;
  const folders = new URL(baseUrl).pathname.split('/');
  if (folders.at(-1) === 'v1') {
    return {
      path: route,
      query: apiVersion === undefined ? {} : { 'api-version': apiVersion },
    };
  }
  const prefix = folders.at(-1) === 'openai' ? '' : '/openai';
  return {
    path: `${prefix}${classic}`,
    query: { 'api-version': apiVersion ?? defaultApiVersion },
  };
}
