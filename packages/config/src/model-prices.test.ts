import { describe, expect, it } from 'vitest';

import { modelPrices, openAiChatModels } from './model-prices.ts';

describe('the price catalogue', () => {
  it('knows exact names only, and none that objects have by themselves', () => {
    expect(modelPrices['gpt-4o']).toEqual({
      inputPerMillion: 2.5,
      outputPerMillion: 10,
      cachedInputPerMillion: 1.25,
    });
    for (const name of ['gpt-4o-2024-11-20', 'GPT-4o', 'constructor', 'toString', '__proto__']) {
      expect(modelPrices[name]).toBeUndefined();
    }
  });

  it('never asks more for cached input than for fresh input', () => {
    for (const price of Object.values(modelPrices)) {
      expect(price.cachedInputPerMillion ?? 0).toBeLessThan(price.inputPerMillion);
    }
  });

  it('offers only models of the chat route', () => {
    expect(openAiChatModels).toContain('gpt-5.4-nano');
    expect(openAiChatModels.filter((model) => /pro|codex/.test(model))).toEqual([]);
  });
});
