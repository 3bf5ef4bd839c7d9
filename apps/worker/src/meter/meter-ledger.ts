import type { Config } from '@sluice/config';
import type { LedgerEntry } from '@sluice/contracts';
import type { BudgetBook, UsageBook } from '@sluice/metering';
import { ledgerEntryOf, type Records } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';

import type { WorkerMetrics } from '../worker-metrics.ts';

export interface MeterDeps {
  records: Records;
  usage: UsageBook;
  budgets: BudgetBook;
  config: Config;
  metrics: WorkerMetrics;
  clock: Clock;
  log: Logger;
}

export interface MeterOptions {
  shard: number;
  meterId: string;
  signal: AbortSignal;
}

const entriesAtOnce = 1_000;
const everyMs = 1_000;
const trimEveryMs = 60_000;

/**
 * Counts the ledger of a shard until `signal` aborts, in order and each entry once: how far it is counted and what it adds
 * up to change together, so that any process may go on where another one died. One process counts at a time, a few entries
 * a second or a thousand at once.
 */
export async function meterLedger(deps: MeterDeps, options: MeterOptions): Promise<void> {
  const { shard, signal } = options;
  const { clock, log } = deps;
  let nextTrimMs = 0;
  while (!signal.aborted) {
    try {
      const readMs = await readOn(deps, options);
      if (readMs !== undefined && clock.now() >= nextTrimMs) {
        nextTrimMs = clock.now() + trimEveryMs;
        await deps.records.trimLedger(shard, readMs);
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn({ err: error, shard }, 'the ledger was not counted; trying again');
    }
    await clock.sleep(everyMs, signal);
  }
}

/** The time up to which all is read, epoch ms; nothing if it is another process's turn. */
async function readOn(deps: MeterDeps, options: MeterOptions): Promise<number | undefined> {
  if (!(await deps.usage.takeTurn(options.shard, options.meterId))) return undefined;
  const spentMs = await spendAll(deps, options);
  return Math.min(spentMs, await countAll(deps, options));
}

/** Counts all there is; returns the time of the last entry that is counted, epoch ms. */
async function countAll(deps: MeterDeps, { shard, signal }: MeterOptions): Promise<number> {
  let fromId = await deps.usage.countedUpTo(shard);
  while (!signal.aborted) {
    const messages = await deps.records.readLedger(shard, fromId, entriesAtOnce);
    const toId = messages.at(-1)?.streamId;
    if (toId === undefined) break;
    const entries = messages.map((message) => ledgerEntryOf(message, deps.config));
    if (!(await deps.usage.count({ shard, fromId, toId, entries }))) break;
    for (const entry of entries) observe(entry, deps.metrics);
    fromId = toId;
  }
  return Number(fromId.split('-')[0]);
}

/** The same for the budgets, which have a place of their own: a crash between the two leaves one of them behind. */
async function spendAll(deps: MeterDeps, { shard, signal }: MeterOptions): Promise<number> {
  let fromId = await deps.budgets.spentUpTo(shard);
  while (!signal.aborted) {
    const messages = await deps.records.readLedger(shard, fromId, entriesAtOnce);
    const toId = messages.at(-1)?.streamId;
    if (toId === undefined) break;
    const entries = messages.map((message) => ledgerEntryOf(message, deps.config));
    if (!(await deps.budgets.spend({ shard, fromId, toId, entries }))) break;
    fromId = toId;
  }
  return Number(fromId.split('-')[0]);
}

function observe(entry: LedgerEntry, metrics: WorkerMetrics): void {
  const { name: model, provider, outcome, usage, costUsd, saved } = entry;
  const labels = { model, provider };
  metrics.ledgerEntries.inc({ ...labels, outcome });
  if (costUsd === 'unknown') metrics.unknownCosts.inc(labels);
  else metrics.cost.inc(labels, Number(costUsd));
  if (saved) {
    metrics.savedTokens.inc(labels, saved.tokens);
    if (saved.usd !== 'unknown') metrics.savedCost.inc(labels, Number(saved.usd));
    return;
  }
  if (!usage) return;
  const {
    input_tokens: input = 0,
    cached_input_tokens: cached = 0,
    output_tokens: output = 0,
  } = usage;
  metrics.tokens.inc({ ...labels, kind: 'input' }, Math.max(0, input - cached));
  metrics.tokens.inc({ ...labels, kind: 'cached_input' }, Math.min(cached, input));
  metrics.tokens.inc({ ...labels, kind: 'output' }, output);
}
