import type { LedgerEntry } from '@sluice/contracts';

import type { WorkerMetrics } from '../worker-metrics.ts';

/** What entries of one model at one provider add. */
interface Sums {
  labels: { model: string; provider: string };
  outcomes: Partial<Record<LedgerEntry['outcome'], number>>;
  unknownCosts: number;
  costUsd: number;
  saved?: { tokens: number; usd: number };
  tokens?: { input: number; cached_input: number; output: number };
}

/** Adds a piece of the ledger to the metrics: once for each model and provider, because a label costs more than a sum. */
export function observeEntries(entries: readonly LedgerEntry[], metrics: WorkerMetrics): void {
  for (const { labels, outcomes, unknownCosts, costUsd, saved, tokens } of sumUp(entries)) {
    for (const [outcome, count] of Object.entries(outcomes)) {
      metrics.ledgerEntries.inc({ ...labels, outcome }, count);
    }
    if (unknownCosts > 0) metrics.unknownCosts.inc(labels, unknownCosts);
    metrics.cost.inc(labels, costUsd);
    if (saved) {
      metrics.savedTokens.inc(labels, saved.tokens);
      metrics.savedCost.inc(labels, saved.usd);
    }
    for (const [kind, count] of Object.entries(tokens ?? {})) {
      metrics.tokens.inc({ ...labels, kind }, count);
    }
  }
}

function sumUp(entries: readonly LedgerEntry[]): Iterable<Sums> {
  const all = new Map<string, Sums>();
  for (const entry of entries) {
    const { name: model, provider } = entry;
    const id = JSON.stringify([model, provider]);
    let sums = all.get(id);
    if (!sums) {
      sums = { labels: { model, provider }, outcomes: {}, unknownCosts: 0, costUsd: 0 };
      all.set(id, sums);
    }
    add(sums, entry);
  }
  return all.values();
}

function add(sums: Sums, { outcome, costUsd, saved, usage }: LedgerEntry): void {
  sums.outcomes[outcome] = (sums.outcomes[outcome] ?? 0) + 1;
  if (costUsd === 'unknown') sums.unknownCosts += 1;
  else sums.costUsd += Number(costUsd);
  if (saved) {
    sums.saved ??= { tokens: 0, usd: 0 };
    sums.saved.tokens += saved.tokens;
    if (saved.usd !== 'unknown') sums.saved.usd += Number(saved.usd);
    return;
  }
  if (!usage) return;
  const { input_tokens: input = 0, cached_input_tokens: cached = 0 } = usage;
  sums.tokens ??= { input: 0, cached_input: 0, output: 0 };
  sums.tokens.input += Math.max(0, input - cached);
  sums.tokens.cached_input += Math.min(cached, input);
  sums.tokens.output += usage.output_tokens ?? 0;
}
