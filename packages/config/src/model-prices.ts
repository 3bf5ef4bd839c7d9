import type { Price } from './config.ts';

/** When the prices below were read. */
export const modelPricesAsOf = '2026-11-10';

/** Input, output, read from the prompt cache, written to it: US dollars per million tokens. */
type Row = [input: number, output: number, cached?: number, cacheWrite?: number];

// Above this much input OpenAI charges more, from gpt-5.4 on; how much for cached parts is not published in one place.
const openAiLongInput = 272_000;

const openAiLong: Record<string, Row> = {
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
  'gpt-5.4-mini': [0.75, 4.5, 0.075],
  'gpt-5.4-nano': [0.2, 1.25, 0.02],
};

const openAi: Record<string, Row> = {
  'gpt-5.2': [1.75, 14, 0.175],
  'gpt-5.3-codex': [1.75, 14, 0.175],
  'gpt-5.1': [1.25, 10, 0.125],
  'gpt-5': [1.25, 10, 0.125],
  'gpt-5-mini': [0.25, 2, 0.025],
  'gpt-5-nano': [0.05, 0.4, 0.005],
  'gpt-4.1': [2, 8, 0.5],
  'gpt-4.1-mini': [0.4, 1.6, 0.1],
  'gpt-4o': [2.5, 10, 1.25],
  'gpt-4o-mini': [0.15, 0.6, 0.075],
  o3: [2, 8, 0.5],
};

const anthropic: Record<string, Row> = {
  'claude-fable-5-2': [8, 40, 0.2, 10],
  'claude-fable-5-1': [10, 50, 0.25, 12.5],
  'claude-opus-5-5': [4, 20, 0.2, 5],
  'claude-opus-5': [5, 25, 0.5, 6.25],
  'claude-opus-4-8': [5, 25, 0.5, 6.25],
  'claude-opus-4-7': [5, 25, 0.5, 6.25],
  'claude-opus-4-6': [5, 25, 0.5, 6.25],
  'claude-sonnet-5': [2, 10, 0.2, 2.5],
  'claude-sonnet-4-6': [3, 15, 0.3, 3.75],
  'claude-haiku-4-5': [1, 5, 0.1, 1.25],
};

const anthropicShort: Record<string, Row> = { 'claude-haiku-5-5': [0.1, 0.5, 0.01, 0.125] };

const google: Record<string, Row> = {
  'gemini-2.5-flash': [0.3, 2.5, 0.03],
  'gemini-2.5-flash-lite': [0.1, 0.4, 0.01],
};

const googleShort: Record<string, Row> = { 'gemini-2.5-pro': [1.25, 10, 0.125] };

/**
 * Prices by the upstream's exact name of the model, for models without a price in the configuration. Standard tier, from
 * the catalogue of @earendil-works/pi-ai 1.5.2 (2026-11-10); OpenAI's rows also match its price page of 2026-10-04. Rows
 * on which sources disagree are left out: an unknown cost is better than a wrong one.
 * @see https://developers.openai.com/api/docs/pricing
 */
export const modelPrices: Readonly<Record<string, Price>> = Object.assign(
  // No prototype: a model may be called `constructor`.
  Object.create(null),
  toPrices(openAiLong, openAiLongInput),
  toPrices(openAi),
  toPrices(anthropic),
  toPrices(google),
  toPrices(anthropicShort, 100_000),
  toPrices(googleShort, 200_000),
);

/** OpenAI's models in the table that answer on its chat route; `-pro` and `-codex` answer on another one only. */
export const openAiChatModels: readonly string[] = [openAiLong, openAi]
  .flatMap((rows) => Object.keys(rows))
  .filter((model) => !/-(pro|codex)$/.test(model));

/** Anthropic's current models. Sources disagree on the price of one of them, so that its cost is unknown. */
export const anthropicModels: readonly string[] = [
  ...[anthropic, anthropicShort].flatMap((rows) => Object.keys(rows)),
  'claude-sonnet-5-5',
];

/** Google's current models. Sources disagree on the prices of those from 3 on, so that their cost is unknown. */
export const geminiModels: readonly string[] = [
  ...[google, googleShort].flatMap((rows) => Object.keys(rows)),
  'gemini-3.8-flash',
  'gemini-3.7-flash',
  'gemini-3.6-flash',
  'gemini-3.5-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-pro-preview',
];

function toPrices(rows: Record<string, Row>, upToInputTokens?: number): Record<string, Price> {
  const prices = Object.entries(rows).map(([model, row]): [string, Price] => {
    const [inputPerMillion, outputPerMillion, cached, cacheWrite] = row;
    const price: Price = {
      inputPerMillion,
      outputPerMillion,
      ...(cached !== undefined && { cachedInputPerMillion: cached }),
      ...(cacheWrite !== undefined && { cacheWriteInputPerMillion: cacheWrite }),
      ...(upToInputTokens !== undefined && { upToInputTokens }),
    };
    return [model, price];
  });
  return Object.fromEntries(prices);
}
