import { z } from 'zod';

import type { ModelFacts, Price, PriceTier, Provider } from '../config.ts';

/** Models by provider and name, as a file of LiteLLM's form has them. */
export interface PriceList {
  find(provider: Provider, model: string): { facts: ModelFacts; price?: Price } | undefined;
}

// The file's example entry explains numbers in words, and some entries leave fields out or null: those are unknown.
const number = z.number().min(0).optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

/** What is read of an entry. Costs are US dollars for one token. */
const entry = z.looseObject({
  max_input_tokens: number,
  max_output_tokens: number,
  input_cost_per_token: number,
  output_cost_per_token: number,
  cache_read_input_token_cost: number,
  cache_creation_input_token_cost: number,
  cache_creation_input_token_cost_above_1hr: number,
  supports_function_calling: flag,
  supports_vision: flag,
});
type Entry = z.infer<typeof entry>;

/** The prefix under which LiteLLM keeps a vendor's models, where it is not the kind's own name. */
const prefixes: Readonly<Record<string, string>> = { 'azure-openai': 'azure' };

/**
 * Reads `model_prices_and_context_window.json` of LiteLLM, or a file like it: one mapping from a model's name, mostly with
 * its vendor in front (`azure/gpt-4o`), to its facts. A model is looked for as `<provider's name>/<model>`, then
 * `<vendor>/<model>`, then `<model>`.
 * @returns `undefined` where the data is no such mapping.
 * @see https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json
 */
export function readPriceList(data: unknown): PriceList | undefined {
  const parsed = z.record(z.string(), z.unknown()).safeParse(data);
  if (!parsed.success) return undefined;
  const models = new Map(Object.entries(parsed.data));
  models.delete('sample_spec');
  return {
    find({ name, kind }, model) {
      const names = [`${name}/${model}`, `${prefixes[kind] ?? kind}/${model}`, model];
      const found = names.map((each) => entry.safeParse(models.get(each))).find((e) => e.success);
      return found?.data && convert(found.data);
    },
  };
}

function convert(given: Entry): { facts: ModelFacts; price?: Price } {
  const price = toPrice(given);
  const { max_input_tokens: contextWindow, max_output_tokens: maxOutputTokens } = given;
  const { supports_function_calling: tools, supports_vision: vision } = given;
  return {
    facts: {
      ...(contextWindow !== undefined && { contextWindow }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(tools !== undefined && { tools }),
      ...(vision !== undefined && { vision }),
    },
    ...(price && { price }),
  };
}

function toPrice(given: Entry): Price | undefined {
  const { input_cost_per_token: input, output_cost_per_token: output } = given;
  if (input === undefined || output === undefined) return undefined;
  const tiers = toTiers(given);
  return {
    inputPerMillion: perMillion(input),
    outputPerMillion: perMillion(output),
    ...cachePrices(given, ''),
    ...(tiers.length > 0 && { tiers }),
  };
}

/** `input_cost_per_token_above_200k_tokens` and its like: what a whole call costs that is larger. */
function toTiers(given: Entry): PriceTier[] {
  const tiers = Object.keys(given).flatMap((key): PriceTier[] => {
    const [, suffix, thousands] = /^input_cost_per_token(_above_(\d+)k_tokens)$/.exec(key) ?? [];
    if (suffix === undefined) return [];
    const input = costOf(given, key);
    const output = costOf(given, `output_cost_per_token${suffix}`) ?? given.output_cost_per_token;
    if (input === undefined || output === undefined) return [];
    return [
      {
        aboveInputTokens: Number(thousands) * 1_000,
        inputPerMillion: perMillion(input),
        outputPerMillion: perMillion(output),
        ...cachePrices(given, suffix),
      },
    ];
  });
  return tiers.toSorted((one, other) => one.aboveInputTokens - other.aboveInputTokens);
}

/** Prices of cached input; in a tier that does not say, unknown where the model has one. */
function cachePrices(
  given: Entry,
  suffix: string,
): Pick<
  Price,
  'cachedInputPerMillion' | 'cacheWriteInputPerMillion' | 'cacheWrite1hInputPerMillion'
> {
  const read = cachePrice(given, 'cache_read_input_token_cost', suffix);
  const write = cachePrice(given, 'cache_creation_input_token_cost', suffix);
  // The name means "for an hour"; it has nothing to do with the tiers, whose prices may follow it.
  const hourly = cachePrice(given, 'cache_creation_input_token_cost_above_1hr', suffix);
  return {
    ...(read !== undefined && { cachedInputPerMillion: read }),
    ...(write !== undefined && { cacheWriteInputPerMillion: write }),
    ...(hourly !== undefined && { cacheWrite1hInputPerMillion: hourly }),
  };
}

function cachePrice(given: Entry, key: string, suffix: string): number | 'unknown' | undefined {
  const own = costOf(given, `${key}${suffix}`);
  if (own !== undefined) return perMillion(own);
  return costOf(given, key) === undefined ? undefined : 'unknown';
}

function costOf(given: Entry, key: string): number | undefined {
  const value = given[key];
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** Without the rest that binary fractions leave: 1.25e-7 is 0.125. */
function perMillion(perToken: number): number {
  return Number((perToken * 1e6).toPrecision(12));
}
