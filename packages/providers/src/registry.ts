import { SluiceError } from '@sluice/contracts';

import type { ProviderAdapter } from './adapter.ts';
import { createAnthropicAdapter } from './anthropic/adapter.ts';
import { createAzureOpenAiAdapter } from './azure-openai/adapter.ts';
import { createDifyAdapter } from './dify/adapter.ts';
import { createGeminiAdapter } from './gemini/adapter.ts';
import { createHttpClient, type HttpClient } from './http/http-client.ts';
import { createOllamaAdapter } from './ollama/adapter.ts';
import { createOpenAiAdapter } from './openai/adapter.ts';
import { createOpenAiCompatibleAdapter } from './openai-compatible/adapter.ts';

/** Every adapter by the `kind` that the configuration calls it. A new one is a folder and a line here. */
const registry: Record<string, (http: HttpClient) => ProviderAdapter> = {
  anthropic: createAnthropicAdapter,
  'azure-openai': createAzureOpenAiAdapter,
  dify: createDifyAdapter,
  gemini: createGeminiAdapter,
  ollama: createOllamaAdapter,
  openai: createOpenAiAdapter,
  'openai-compatible': createOpenAiCompatibleAdapter,
};

/** The kinds of providers that Sluice can call, sorted. */
export const adapterKinds: readonly string[] = Object.keys(registry).sort();

/**
 * All adapters on one pool of connections. The function that is returned throws `internal_error`, naming the known kinds,
 * for a kind that is none; ask it for every configured provider at start.
 */
export function createAdapters(
  options: Partial<HttpClient> = {},
): (kind: string) => ProviderAdapter {
  const http = createHttpClient(options);
  const made = new Map(Object.entries(registry).map(([kind, create]) => [kind, create(http)]));
  return (kind) => {
    const adapter = made.get(kind);
    if (adapter) return adapter;
    const message = `unknown provider kind "${kind}"; known kinds are ${adapterKinds.join(', ')}`;
    throw new SluiceError('internal_error', message, { retryable: false });
  };
}
