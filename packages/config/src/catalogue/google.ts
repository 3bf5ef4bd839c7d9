import { chatModels, piAi, type CatalogueRows } from './catalogue-entry.ts';

const gemini = {
  contextWindow: 1_048_576,
  maxOutputTokens: 65_536,
  vision: true,
  pricesFrom: piAi,
};

/** Sources disagree on the prices of the models from 3 on. */
export const googleRows: CatalogueRows = {
  ...chatModels(gemini, {
    'gemini-2.5-flash': [0.3, 2.5, 0.03],
    'gemini-2.5-flash-lite': [0.1, 0.4, 0.01],
    'gemini-3.8-flash': undefined,
    'gemini-3.7-flash': undefined,
    'gemini-3.6-flash': undefined,
    'gemini-3.5-flash': undefined,
    'gemini-3.5-flash-lite': undefined,
    'gemini-3.1-pro-preview': undefined,
  }),
  ...chatModels(
    {
      ...gemini,
      tiers: () => [
        {
          aboveInputTokens: 200_000,
          inputPerMillion: 2.5,
          outputPerMillion: 15,
          cachedInputPerMillion: 0.25,
        },
      ],
    },
    { 'gemini-2.5-pro': [1.25, 10, 0.125] },
  ),
};

/** Google's current models. */
export const geminiModels: readonly string[] = Object.keys(googleRows);
