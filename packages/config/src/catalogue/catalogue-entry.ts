import type { ModelFacts, Price } from '../config.ts';

/** Where a figure was read and when. */
export interface Provenance {
  source: string;
  /** ISO 8601 date. */
  asOf: string;
}

/** An upstream model in the catalogue. What is not known of it is absent; every figure that is there says where it is from. */
export interface CatalogueEntry {
  facts: ModelFacts;
  price?: Price;
  /** One for each key of `facts`, and for `price` as a whole. */
  provenance: { readonly [Figure in keyof ModelFacts | 'price']?: Provenance };
}

export type CatalogueRows = Readonly<Record<string, CatalogueEntry>>;

/** The catalogue of a maintained client for many vendors, from which most figures are. */
export const piAi: Provenance = {
  source: 'npm @earendil-works/pi-ai 1.5.2',
  asOf: '2026-11-10',
};

/** The same rows, found unchanged on OpenAI's own page a month before. */
export const piAiAndOpenAi: Provenance = {
  source: `${piAi.source}; https://developers.openai.com/api/docs/pricing (2026-10-04)`,
  asOf: piAi.asOf,
};

/** What pi-ai's catalogue says by listing a model: it only lists those that agents can work with. */
const listed: Provenance = {
  ...piAi,
  source: `${piAi.source}, which lists models with tools only`,
};

/** What models of one family have in common. */
export interface Family {
  contextWindow: number;
  maxOutputTokens: number;
  vision: boolean;
  pricesFrom: Provenance;
  /** Prices of a larger prompt, made from those of a small one. */
  tiers?: (price: Price) => Price['tiers'];
}

/** Input, output, read from the prompt cache, written to it: US dollars per million tokens. */
export type PriceRow = readonly [
  input: number,
  output: number,
  cached?: number | 'unknown',
  cacheWrite?: number,
];

/** Chat models of one family; a model without a price row has a price that is unknown. */
export function chatModels(
  family: Family,
  models: Readonly<Record<string, PriceRow | undefined>>,
): CatalogueRows {
  const { contextWindow, maxOutputTokens, vision, pricesFrom } = family;
  const entries = Object.entries(models).map(([name, row]): [string, CatalogueEntry] => {
    const price = row && toPrice(row, family);
    const entry = {
      facts: { contextWindow, maxOutputTokens, tools: true, vision },
      provenance: {
        contextWindow: piAi,
        maxOutputTokens: piAi,
        tools: listed,
        vision: piAi,
        ...(price && { price: pricesFrom }),
      },
      ...(price && { price }),
    };
    return [name, entry];
  });
  return Object.fromEntries(entries);
}

function toPrice(row: PriceRow, { tiers }: Family): Price {
  const [inputPerMillion, outputPerMillion, cached, cacheWrite] = row;
  const price: Price = {
    inputPerMillion,
    outputPerMillion,
    ...(cached !== undefined && { cachedInputPerMillion: cached }),
    ...(cacheWrite !== undefined && { cacheWriteInputPerMillion: cacheWrite }),
  };
  const above = tiers?.(price);
  return { ...price, ...(above && { tiers: above }) };
}
