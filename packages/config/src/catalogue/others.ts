import { chatModels, piAi, type CatalogueRows } from './catalogue-entry.ts';

const million = { contextWindow: 1_000_000, vision: true, pricesFrom: piAi };

/** Models of vendors with OpenAI's API. Sources disagree on DeepSeek's prices; those of qwen3.7-plus are a reseller's. */
export const otherRows: CatalogueRows = {
  ...chatModels({ ...million, maxOutputTokens: 384_000 }, { 'deepseek-flash': undefined }),
  ...chatModels(
    { ...million, maxOutputTokens: 384_000, vision: false },
    { 'deepseek-v4-pro': undefined },
  ),
  ...chatModels(
    { ...million, maxOutputTokens: 131_000 },
    {
      'qwen3.8-max': [2, 6, 0.25],
      'qwen3.8-flash': [0.15, 0.47, 0.016],
      'qwen3.7-plus': undefined,
    },
  ),
  ...chatModels(
    { ...million, contextWindow: 1_048_576, maxOutputTokens: 262_144 },
    { 'mistral-large-4': [0.7, 2.1, 0.07] },
  ),
  ...chatModels(
    {
      ...million,
      contextWindow: 500_000,
      maxOutputTokens: 500_000,
      tiers: () => [
        {
          aboveInputTokens: 200_000,
          inputPerMillion: 4,
          outputPerMillion: 12,
          cachedInputPerMillion: 1,
        },
      ],
    },
    { 'grok-4.7': [2, 6, 0.5] },
  ),
};
