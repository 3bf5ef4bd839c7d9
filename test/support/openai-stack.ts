import OpenAI from 'openai';

import { adminKey, fetchPatiently, useStack, type Stack } from './start-stack.ts';

/** Where the simulator speaks as each kind of provider. */
const folders = {
  openai: '/openai/v1',
  anthropic: '/anthropic',
  gemini: '/gemini',
  ollama: '/ollama',
} as const;

/** A model of each kind of provider, named as its kind. */
export const models = Object.keys(folders);

/** The models, an embedding model, one that caches, a workflow (`flow`) and a chat app (`talk`) of Dify. */
export function useOpenaiStack(): () => Stack {
  return useStack({
    config: ({ simulatorUrl }) => {
      const openai = (model: string) => ({ targets: [{ provider: 'openai', model }] });
      const priced = (provider: string) => ({
        targets: [{ provider, model: 'sim-chat' }],
        price: { inputPerMillion: 2, outputPerMillion: 8 },
        dropParams: true,
      });
      const providers = Object.entries(folders).map(([kind, folder]) => {
        return [kind, { kind, baseUrl: `${simulatorUrl}${folder}`, apiKey: 'sim-key' }];
      });
      return {
        providers: {
          ...Object.fromEntries(providers),
          dify: { kind: 'dify', baseUrl: `${simulatorUrl}/dify/v1` },
        },
        models: {
          ...Object.fromEntries(models.map((name) => [name, priced(name)])),
          cached: { ...openai('sim-chat'), cache: { ttlSeconds: 60 } },
          vectors: { ...openai('sim-embedding'), type: 'embedding' },
        },
        apps: {
          flow: { provider: 'dify', apiKey: 'app-sim' },
          talk: { provider: 'dify', apiKey: 'app-chat', kind: 'chat' },
        },
        retry: { maxAttempts: 2, initialDelaySeconds: 0.05, maxDelaySeconds: 0.2 },
      };
    },
  });
}

/** OpenAI's own client, unmodified but for its base URL. */
export function openaiClient(
  url: string,
  options: ConstructorParameters<typeof OpenAI>[0] = {},
): OpenAI {
  const own = { baseURL: `${url}/v1`, apiKey: adminKey, maxRetries: 0, fetch: fetchPatiently };
  return new OpenAI({ ...own, ...options });
}
