import type { LedgerEntry } from '@sluice/contracts';
import { Big } from 'big.js';

/** What is summed up as whole numbers. Tokens are those of calls; those of replies from the cache are `savedTokens`. */
export const counts = [
  'calls',
  'succeeded',
  'failed',
  'cut',
  'interrupted',
  'cached',
  'estimated',
  'unknownCost',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteInputTokens',
  'outputTokens',
  'reasoningTokens',
  'totalTokens',
  'searchUnits',
  'audioMs',
  'savedTokens',
  'unknownSaved',
  'durationMs',
] as const;
type Count = (typeof counts)[number];

/** Sums over calls. Money is in picodollars, 1e-12 of a US dollar: no cost in the ledger has more decimals. */
export type Totals = Record<Count, number> & {
  costPico: bigint;
  savedPico: bigint;
  promptCacheSavedPico: bigint;
};

const picoPerUsd = '1e12';

/** One of each name that `counts` lists. */
const zeros = Object.fromEntries(counts.map((count) => [count, 0])) as Record<Count, number>;

export function noTotals(): Totals {
  return { ...zeros, costPico: 0n, savedPico: 0n, promptCacheSavedPico: 0n };
}

/** What one entry of the ledger adds. */
export function totalsOf(entry: LedgerEntry): Totals {
  const totals = noTotals();
  totals[entry.outcome] = 1;
  if (entry.outcome === 'cached') return addSaved(totals, entry);
  totals.calls = 1;
  totals.durationMs = entry.durationMs;
  if (entry.costUsd === 'unknown') totals.unknownCost = 1;
  else totals.costPico = picoOf(entry.costUsd);
  const { usage, promptCacheSavedUsd: spared } = entry;
  if (spared !== undefined) totals.promptCacheSavedPico = picoOf(spared);
  if (!usage) return totals;
  totals.estimated = usage.source === 'estimate' ? 1 : 0;
  totals.inputTokens = usage.input_tokens ?? 0;
  totals.cachedInputTokens = usage.cached_input_tokens ?? 0;
  totals.cacheWriteInputTokens = usage.cache_write_input_tokens ?? 0;
  totals.outputTokens = usage.output_tokens ?? 0;
  totals.reasoningTokens = usage.reasoning_tokens ?? 0;
  totals.totalTokens = usage.total_tokens;
  totals.searchUnits = usage.search_units ?? 0;
  totals.audioMs = Math.round((usage.audio_seconds ?? 0) * 1_000);
  return totals;
}

function addSaved(totals: Totals, { saved }: LedgerEntry): Totals {
  totals.savedTokens = saved?.tokens ?? 0;
  if (saved === undefined || saved.usd === 'unknown') totals.unknownSaved = 1;
  else totals.savedPico = picoOf(saved.usd);
  return totals;
}

/** Adds `more` to `sum`, in place: it runs for every row that is read. */
export function addTotals(sum: Totals, more: Totals): void {
  for (const count of counts) sum[count] += more[count];
  sum.costPico += more.costPico;
  sum.savedPico += more.savedPico;
  sum.promptCacheSavedPico += more.promptCacheSavedPico;
}

/** A JSON array: the counts in their order, then the money as text. */
export function encodeTotals(totals: Totals): string {
  const { costPico, savedPico, promptCacheSavedPico } = totals;
  const money = [costPico, savedPico, promptCacheSavedPico].map(String);
  return JSON.stringify([...counts.map((count) => totals[count]), ...money]);
}

export function decodeTotals(text: string): Totals {
  // What encodeTotals wrote.
  const values = JSON.parse(text) as (number | string)[];
  const totals = noTotals();
  counts.forEach((count, i) => {
    totals[count] = Number(values[i]);
  });
  totals.costPico = BigInt(values[counts.length] ?? 0);
  totals.savedPico = BigInt(values[counts.length + 1] ?? 0);
  totals.promptCacheSavedPico = BigInt(values[counts.length + 2] ?? 0);
  return totals;
}

/** US dollars as a plain decimal: `0.0000015`. */
export function usdOf(pico: bigint): string {
  return Big(pico.toString()).div(picoPerUsd).toFixed();
}

/** The same the other way; what is smaller than a picodollar is rounded. */
export function picoOf(usd: string): bigint {
  return BigInt(Big(usd).times(picoPerUsd).toFixed(0, Big.roundHalfUp));
}
