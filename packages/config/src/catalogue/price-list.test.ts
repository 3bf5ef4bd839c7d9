import { describe, expect, it } from 'vitest';

import type { Provider } from '../config.ts';
import { readPriceList } from './price-list.ts';

function provider(name: string, kind: string): Provider {
  const timeouts = { firstByteMs: 1, idleMs: 1 };
  return {
    name,
    kind,
    baseUrl: 'http://x',
    apiKeys: [],
    headers: {},
    options: {},
    warm: false,
    timeouts,
  };
}

const list = readPriceList({
  sample_spec: { max_input_tokens: 'explained in words', input_cost_per_token: 1 },
  'gpt-9': {
    litellm_provider: 'openai',
    mode: 'chat',
    max_tokens: 8_000,
    max_input_tokens: 272_000,
    max_output_tokens: 8_000,
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1e-5,
    cache_read_input_token_cost: 1.25e-7,
    input_cost_per_token_above_200k_tokens: 2.5e-6,
    output_cost_per_token_above_200k_tokens: 1.5e-5,
    input_cost_per_token_above_128k_tokens: 2e-6,
    supports_function_calling: true,
    supports_vision: false,
  },
  'azure/gpt-9': { input_cost_per_token: 2e-6, output_cost_per_token: 2e-5 },
  'house/gpt-9': { max_input_tokens: 1_000, input_cost_per_token: 1e-6 },
  odd: { max_input_tokens: '8k', input_cost_per_token: null, supports_vision: 'maybe' },
});

describe('a price list of LiteLLM’s form', () => {
  it('has prices of what a prompt cache keeps for five minutes and for an hour', () => {
    const kept = readPriceList({
      claude: {
        input_cost_per_token: 3e-6,
        output_cost_per_token: 1.5e-5,
        cache_creation_input_token_cost: 3.75e-6,
        cache_creation_input_token_cost_above_1hr: 6e-6,
      },
    });
    expect(kept?.find(provider('main', 'anthropic'), 'claude')?.price).toEqual({
      inputPerMillion: 3,
      outputPerMillion: 15,
      cacheWriteInputPerMillion: 3.75,
      cacheWrite1hInputPerMillion: 6,
    });
  });

  it('gives prices per million, tiers and limits', () => {
    expect(list?.find(provider('main', 'openai'), 'gpt-9')).toEqual({
      facts: { contextWindow: 272_000, maxOutputTokens: 8_000, tools: true, vision: false },
      price: {
        inputPerMillion: 1.25,
        outputPerMillion: 10,
        cachedInputPerMillion: 0.125,
        tiers: [
          {
            aboveInputTokens: 128_000,
            inputPerMillion: 2,
            outputPerMillion: 10,
            cachedInputPerMillion: 'unknown',
          },
          {
            aboveInputTokens: 200_000,
            inputPerMillion: 2.5,
            outputPerMillion: 15,
            cachedInputPerMillion: 'unknown',
          },
        ],
      },
    });
  });

  it('is asked for the provider’s own name first, then the vendor’s', () => {
    expect(list?.find(provider('house', 'openai-compatible'), 'gpt-9')).toEqual({
      facts: { contextWindow: 1_000 },
    });
    const azure = list?.find(provider('main', 'azure-openai'), 'gpt-9');
    expect(azure?.price?.inputPerMillion).toBe(2);
  });

  it('leaves out what is no number, and knows no example and no foreign name', () => {
    const openai = provider('main', 'openai');
    expect(list?.find(openai, 'odd')).toEqual({ facts: {} });
    for (const name of ['sample_spec', 'gpt-10', 'constructor', '__proto__']) {
      expect(list?.find(openai, name)).toBeUndefined();
    }
  });

  it.each([[[]], [null], ['text'], [7]])('is not %j', (data) => {
    expect(readPriceList(data)).toBeUndefined();
  });
});
