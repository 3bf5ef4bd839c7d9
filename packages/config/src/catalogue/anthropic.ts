import { chatModels, piAi, type CatalogueRows } from './catalogue-entry.ts';

const claude = {
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
  vision: true,
  pricesFrom: piAi,
};

/** Cache writes are those of the five-minute cache. */
export const anthropicRows: CatalogueRows = {
  ...chatModels(claude, {
    'claude-fable-5-2': [8, 40, 0.2, 10],
    'claude-fable-5-1': [10, 50, 0.25, 12.5],
    'claude-opus-5-5': [4, 20, 0.2, 5],
    'claude-opus-5': [5, 25, 0.5, 6.25],
    'claude-opus-4-8': [5, 25, 0.5, 6.25],
    'claude-opus-4-7': [5, 25, 0.5, 6.25],
    'claude-opus-4-6': [5, 25, 0.5, 6.25],
    // One source says 0.1 for cached input, another 0.2.
    'claude-sonnet-5-5': [2, 10, 'unknown', 2.5],
    'claude-sonnet-5': [2, 10, 0.2, 2.5],
    'claude-sonnet-4-6': [3, 15, 0.3, 3.75],
  }),
  ...chatModels(
    {
      ...claude,
      tiers: () => [
        {
          aboveInputTokens: 100_000,
          inputPerMillion: 0.5,
          outputPerMillion: 2.5,
          cachedInputPerMillion: 0.05,
          cacheWriteInputPerMillion: 0.625,
        },
      ],
    },
    { 'claude-haiku-5-5': [0.1, 0.5, 0.01, 0.125] },
  ),
  ...chatModels(
    { ...claude, contextWindow: 200_000, maxOutputTokens: 64_000 },
    { 'claude-haiku-4-5': [1, 5, 0.1, 1.25] },
  ),
};

/** Anthropic's current models. */
export const anthropicModels: readonly string[] = Object.keys(anthropicRows);
