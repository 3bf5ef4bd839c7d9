import type { Price } from '../config.ts';
import {
  chatModels,
  piAiAndOpenAi,
  type CatalogueEntry,
  type CatalogueRows,
  type Family,
  type Provenance,
} from './catalogue-entry.ts';

const openAi = { vision: true, pricesFrom: piAiAndOpenAi, maxOutputTokens: 128_000 };

/**
 * From gpt-5.4 on, a prompt of more than 272,000 tokens costs twice as much in and half as much again out. What its cached
 * parts cost is not published in one place.
 */
const long: Family = {
  ...openAi,
  contextWindow: 1_050_000,
  tiers: ({ inputPerMillion, outputPerMillion, cachedInputPerMillion, ...price }: Price) => [
    {
      aboveInputTokens: 272_000,
      inputPerMillion: exact(inputPerMillion * 2),
      outputPerMillion: exact(outputPerMillion * 1.5),
      ...(cachedInputPerMillion !== undefined && { cachedInputPerMillion: 'unknown' }),
      ...(price.cacheWriteInputPerMillion !== undefined && {
        cacheWriteInputPerMillion: 'unknown',
      }),
    },
  ],
};

/** Without the rest that binary fractions leave. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

/** @see https://developers.openai.com/api/docs/pricing */
export const openAiModels: CatalogueRows = {
  ...chatModels(long, {
    'gpt-6-astra': [10, 50, 1, 12.5],
    'gpt-6.1-sol': [2, 10, 0.1, 2.5],
    'gpt-6.1-terra': [1, 5, 0.05, 1.25],
    'gpt-6-sol': [2, 10, 0.2, 2.5],
    'gpt-6-luna': [0.1, 0.5, 0.01, 0.125],
    'gpt-5.6-sol': [4, 20, 0.4, 5],
    'gpt-5.6-terra': [2, 12, 0.2, 2.5],
    'gpt-5.6-luna': [0.2, 1.2, 0.02, 0.25],
    'gpt-5.5': [5, 30, 0.5],
    'gpt-5.4-pro': [30, 180],
    'gpt-5.4': [2.5, 15, 0.25],
  }),
  ...chatModels(
    { ...long, contextWindow: 400_000 },
    { 'gpt-5.4-mini': [0.75, 4.5, 0.075], 'gpt-5.4-nano': [0.2, 1.25, 0.02] },
  ),
  ...chatModels(
    { ...openAi, contextWindow: 400_000 },
    {
      'gpt-5.2': [1.75, 14, 0.175],
      'gpt-5.3-codex': [1.75, 14, 0.175],
      'gpt-5.1': [1.25, 10, 0.125],
      'gpt-5': [1.25, 10, 0.125],
      'gpt-5-mini': [0.25, 2, 0.025],
      'gpt-5-nano': [0.05, 0.4, 0.005],
    },
  ),
  ...chatModels(
    { ...openAi, contextWindow: 1_047_576, maxOutputTokens: 32_768 },
    { 'gpt-4.1': [2, 8, 0.5], 'gpt-4.1-mini': [0.4, 1.6, 0.1] },
  ),
  ...chatModels(
    { ...openAi, contextWindow: 128_000, maxOutputTokens: 16_384 },
    { 'gpt-4o': [2.5, 10, 1.25], 'gpt-4o-mini': [0.15, 0.6, 0.075] },
  ),
  ...chatModels(
    { ...openAi, contextWindow: 200_000, maxOutputTokens: 100_000 },
    { o3: [2, 8, 0.5] },
  ),
};

const publicCode: Provenance = { source: 'public code, not a page of OpenAI', asOf: '2026-11-20' };
const reference: Provenance = { source: 'npm openai 7.55.0', asOf: '2026-11-10' };

function embeddingModel(inputPerMillion: number): CatalogueEntry {
  return {
    // Of each of its inputs.
    facts: { contextWindow: 8_192 },
    price: { inputPerMillion, outputPerMillion: 0 },
    provenance: { contextWindow: reference, price: publicCode },
  };
}

export const openAiEmbeddingModels: CatalogueRows = {
  'text-embedding-3-small': embeddingModel(0.02),
  'text-embedding-3-large': embeddingModel(0.13),
};

/** Those that answer on OpenAI's chat route; `-pro` and `-codex` answer on another one only. */
export const openAiChatModels: readonly string[] = Object.keys(openAiModels).filter(
  (model) => !/-(pro|codex)$/.test(model),
);
