import { describe, expect, it } from 'vitest';

import { catalogue, findModel } from './catalogue.ts';
import { openAiChatModels } from './openai.ts';

const entries = Object.entries(catalogue);

describe('the catalogue', () => {
  it('knows exact names only, and none that objects have by themselves', () => {
    expect(findModel('gpt-4o')).toMatchObject({
      facts: { contextWindow: 128_000, maxOutputTokens: 16_384, tools: true, vision: true },
      price: { inputPerMillion: 2.5, outputPerMillion: 10, cachedInputPerMillion: 1.25 },
    });
    for (const name of ['gpt-4o-2024-11-20', 'GPT-4o', 'constructor', 'toString', '__proto__']) {
      expect(findModel(name)).toBeUndefined();
    }
  });

  it('knows a Claude with its date', () => {
    expect(findModel('claude-haiku-4-5-20251001')).toBe(findModel('claude-haiku-4-5'));
  });

  it.each(entries)('says where every figure of %s is from and when it was read', (_name, entry) => {
    const { facts, price, provenance } = entry;
    const figures = [...Object.keys(facts), ...(price ? ['price'] : [])];
    expect(Object.keys(provenance).toSorted()).toEqual(figures.toSorted());
    for (const { source, asOf } of Object.values(provenance)) {
      expect(source).not.toBe('');
      expect(asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
    }
  });

  it('has no figure that cannot be', () => {
    for (const [, { facts, price }] of entries) {
      const { contextWindow = Infinity, maxOutputTokens = 0 } = facts;
      expect(maxOutputTokens).toBeLessThanOrEqual(contextWindow);
      for (const rates of price ? [price, ...(price.tiers ?? [])] : []) {
        const { inputPerMillion, cachedInputPerMillion: cached = 0 } = rates;
        if (cached !== 'unknown') expect(cached).toBeLessThan(inputPerMillion);
        expect(rates.outputPerMillion === 0 || rates.outputPerMillion > inputPerMillion).toBe(true);
      }
    }
  });

  it('leaves out what sources disagree on', () => {
    expect(findModel('gemini-3.8-flash')?.price).toBeUndefined();
    expect(findModel('deepseek-flash')?.price).toBeUndefined();
    expect(findModel('claude-sonnet-5-5')?.price?.cachedInputPerMillion).toBe('unknown');
  });

  it('asks twice as much for long prompts of the newer OpenAI models, without binary rests', () => {
    expect(findModel('gpt-5.6-luna')?.price?.tiers).toEqual([
      {
        aboveInputTokens: 272_000,
        inputPerMillion: 0.4,
        outputPerMillion: 1.8,
        cachedInputPerMillion: 'unknown',
        cacheWriteInputPerMillion: 'unknown',
      },
    ]);
  });

  it('offers only models of the chat route', () => {
    expect(openAiChatModels).toContain('gpt-5.4-nano');
    expect(openAiChatModels.filter((model) => /pro|codex|embedding/.test(model))).toEqual([]);
  });
});
