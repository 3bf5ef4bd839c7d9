import { Big } from 'big.js';

import type { Price, PriceTier } from '@sluice/config';
import type { CostUsd, Usage } from '@sluice/contracts';

const decimals = 6;
/** A call of one token at a hundredth of a cent a million is a picodollar: all prices there are come out even. */
const exactDecimals = 12;
const perToken = '0.000001';

/** What a call cost in US dollars, rounded half up to six decimals; see {@link exactCostOf}. */
export function costOf(usage: Usage | undefined, price: Price | undefined): CostUsd {
  return roundCost(exactCostOf(usage, price));
}

/** The same cost with six decimals. */
export function roundCost(cost: CostUsd): CostUsd {
  return cost === 'unknown' ? cost : Big(cost).toFixed(decimals, Big.roundHalfUp);
}

/**
 * What a call cost in US dollars, exact in decimal: fresh input, input read from and
 * written to the vendor's prompt cache (for an hour apart), and output, each at its price; or search units or seconds of sound where the
 * price is theirs, which are rounded to 12 decimals. `unknown` without a price, without the split into input and output, with more input than the price holds for, with sound among
 * its tokens, or with cached input whose price is unknown. Never a guess. `factor` is what is paid of that price, as in a batch of the vendor's.
 */
export function exactCostOf(
  usage: Usage | undefined,
  price: Price | undefined,
  factor = 1,
): CostUsd {
  const whole = wholePriceOf(usage, price);
  return factor === 1 || whole === 'unknown' ? whole : exact(Big(whole).times(factor));
}

function wholePriceOf(usage: Usage | undefined, price: Price | undefined): CostUsd {
  if (!usage || !price) return 'unknown';
  if (price.perThousandSearchUnits !== undefined) {
    return costOfUnits(usage.search_units, price.perThousandSearchUnits, 1_000);
  }
  if (price.perMinute !== undefined) return costOfUnits(usage.audio_seconds, price.perMinute, 60);
  const { input_tokens: input, output_tokens: output } = usage;
  if (input === undefined || output === undefined) return 'unknown';
  // Sound has a price of its own, which is not that of text.
  if (usage.audio_tokens) return 'unknown';
  if (price.upToInputTokens !== undefined && input > price.upToInputTokens) return 'unknown';
  const rates = ratesFor(input, price);
  // A vendor that reports more cached than whole input is wrong about one of them; never charge less than nothing.
  const cached = Math.min(usage.cached_input_tokens ?? 0, input);
  const written = Math.min(usage.cache_write_input_tokens ?? 0, input - cached);
  const hourly = Math.min(usage.cache_write_1h_input_tokens ?? 0, written);
  const plain = rates.inputPerMillion;
  return sumOf([
    [input - cached - written, plain],
    [cached, rates.cachedInputPerMillion ?? plain],
    [written - hourly, rates.cacheWriteInputPerMillion ?? plain],
    // Never at the price of what is kept for five minutes, nor at that of input that is not kept: it is dearer.
    [hourly, rates.cacheWrite1hInputPerMillion ?? 'unknown'],
    [output, rates.outputPerMillion],
  ]);
}

/**
 * What the vendor's prompt cache spared in a call, exact in decimal: its input at the full price less what it cost. Negative
 * where writing to the cache cost more than was read from it. Undefined where nothing was read or written, and where a
 * cost is not known. `factor` is that of {@link exactCostOf}.
 */
export function promptCacheSavings(
  usage: Usage | undefined,
  price: Price | undefined,
  factor = 1,
): string | undefined {
  if (!usage?.cached_input_tokens && !usage?.cache_write_input_tokens) return undefined;
  const {
    cached_input_tokens: _read,
    cache_write_input_tokens: _written,
    cache_write_1h_input_tokens: _hourly,
    ...uncached
  } = usage;
  const [cost, full] = [exactCostOf(usage, price, factor), exactCostOf(uncached, price, factor)];
  if (cost === 'unknown' || full === 'unknown') return undefined;
  return exact(Big(full).minus(cost));
}

type Item = readonly [tokens: number, perMillion: number | 'unknown'];

/** Unknown as soon as tokens of an unknown price are among them. */
function sumOf(items: readonly Item[]): CostUsd {
  let sum = Big(0);
  for (const [tokens, perMillion] of items) {
    if (tokens === 0) continue;
    if (perMillion === 'unknown') return 'unknown';
    sum = sum.plus(Big(tokens).times(perMillion));
  }
  return exact(sum.times(perToken));
}

/** What is billed by something else than tokens: `price` is that of `per` units. */
function costOfUnits(units: number | undefined, price: number, per: number): CostUsd {
  if (units === undefined) return 'unknown';
  return exact(Big(units).times(price).div(per));
}

/** A plain decimal without zeros at its end; big.js divides to 20 places. */
function exact(cost: Big): string {
  return cost.round(exactDecimals, Big.roundHalfUp).toFixed();
}

/** The highest tier that the input is above, else the price itself. */
function ratesFor(input: number, price: Price): Price | PriceTier {
  const above = (price.tiers ?? []).filter((tier) => input > tier.aboveInputTokens);
  return above.toSorted((one, other) => other.aboveInputTokens - one.aboveInputTokens)[0] ?? price;
}

/** The sum of costs with six decimals; `unknown` as soon as one of them is. Nothing costs `0.000000`. */
export function sumCosts(costs: readonly CostUsd[]): CostUsd {
  if (costs.includes('unknown')) return 'unknown';
  return costs.reduce((sum, cost) => sum.plus(cost), Big(0)).toFixed(decimals, Big.roundHalfUp);
}
