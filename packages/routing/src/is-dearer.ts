import type { Price, PriceTier } from '@sluice/config';

/**
 * Whether a call may cost more at `price` than at `first`: where one of the two prices of a token, for input or for output,
 * is higher for any length of input. A price that is not known may be any; beside a first one that is not known nothing
 * is dearer, since there is nothing to compare with. Units other than tokens are compared with the same unit only.
 */
export function isDearer(first: Price | undefined, price: Price | undefined): boolean {
  if (!first) return false;
  if (!price) return true;
  for (const unit of ['perMinute', 'perThousandSearchUnits'] as const) {
    const [before, now] = [first[unit], price[unit]];
    if (before !== undefined && now !== undefined) return now > before;
    if (before !== undefined || now !== undefined) return true;
  }
  const lengths = [0, ...lengthsOf(first), ...lengthsOf(price)];
  return lengths.some((length) => isDearerAt(length, first, price));
}

type Rates = Pick<PriceTier, 'inputPerMillion' | 'outputPerMillion'>;

function isDearerAt(inputTokens: number, first: Price, price: Price): boolean {
  const before = ratesAt(inputTokens, first);
  const now = ratesAt(inputTokens, price);
  return (
    now.inputPerMillion > before.inputPerMillion || now.outputPerMillion > before.outputPerMillion
  );
}

function ratesAt(inputTokens: number, price: Price): Rates {
  const reached = (price.tiers ?? []).filter((tier) => inputTokens > tier.aboveInputTokens);
  const highest = reached.toSorted((a, b) => b.aboveInputTokens - a.aboveInputTokens)[0];
  return highest ?? price;
}

/** Lengths of input at which the price changes. */
function lengthsOf({ tiers = [] }: Price): number[] {
  return tiers.map(({ aboveInputTokens }) => aboveInputTokens + 1);
}
