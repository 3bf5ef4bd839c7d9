import { Big } from 'big.js';

/** A price as Dify writes it, in dollars: undefined where there is none or the currency is another one. */
export function dollarsOf(priced: {
  total_price?: string | number | null | undefined;
  currency?: string | null | undefined;
}): Big | undefined {
  const { total_price: price, currency } = priced;
  if (!isPrice(price)) return undefined;
  return (currency ?? 'USD').toUpperCase() === 'USD' ? Big(price) : undefined;
}

export function isPrice(price: string | number | null | undefined): price is string | number {
  return price !== null && price !== undefined && /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(`${price}`);
}

/** The ledger keeps so many. */
const decimals = 12;

/** US dollars, exact; undefined for zero, which is Dify's way to say that a model has no price. */
export function costOf(sum: Big): string | undefined {
  return sum.gt(0) ? sum.round(decimals, Big.roundHalfUp).toFixed() : undefined;
}
