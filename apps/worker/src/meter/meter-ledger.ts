import type { Config } from '@sluice/config';
import type { LedgerEntry } from '@sluice/contracts';
import type { BudgetBook, UsageBook } from '@sluice/metering';
import { ledgerEntryOf, type Records } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';

import type { WorkerMetrics } from '../worker-metrics.ts';
import { observeEntries } from './observe-entries.ts';

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
/** While entries come: a budget that was just set knows of the calls under way by what is counted of them. */
const everyMsBusy = 100;
const trimEveryMs = 60_000;

/**
 * Counts the ledger of a shard until `signal` aborts, in order and each entry once: how far it is counted and what it adds
 * up to change together, so that any process may go on where another one died. One process counts at a time, what has come in
 * a tenth of a second or a thousand entries at once.
 */
export async function meterLedger(deps: MeterDeps, options: MeterOptions): Promise<void> {
  const { shard, signal } = options;
  const { clock, log } = deps;
  let nextTrimMs = 0;
  while (!signal.aborted) {
    let isBusy = false;
    try {
      const read = await readOn(deps, options);
      isBusy = read?.isBusy ?? false;
      if (read && clock.now() >= nextTrimMs) {
        nextTrimMs = clock.now() + trimEveryMs;
        await deps.records.trimLedger(shard, read.upToMs);
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn({ err: error, shard }, 'the ledger was not counted; trying again');
    }
    await clock.sleep(isBusy ? everyMsBusy : everyMs, signal);
  }
}

/** A piece of the ledger, as it follows on the entry `fromId`. */
interface Piece {
  shard: number;
  fromId: string;
  toId: string;
  entries: readonly LedgerEntry[];
}

/** What is made of the ledger: each has a place of its own in it, because a crash may come between two of them. */
interface Account {
  /** Id of the last entry that is in it; `0` for none. */
  readUpTo: string;
  /** `false`: another process has added meanwhile. */
  add(piece: Piece): Promise<boolean>;
}

/** The time up to which all is read, epoch ms, and whether there was something; nothing if it is another process's turn. */
async function readOn(
  deps: MeterDeps,
  options: MeterOptions,
): Promise<{ upToMs: number; isBusy: boolean } | undefined> {
  const { shard, meterId, signal } = options;
  if (!(await deps.usage.takeTurn(shard, meterId))) return undefined;
  const accounts = await openAccounts(deps, shard);
  const pieceAfter = pieceReader(deps, shard);
  const before = accounts.map(({ readUpTo }) => readUpTo);
  let open: readonly Account[] = accounts;
  while (open.length > 0 && !signal.aborted) open = await addNext(open, pieceAfter);
  return {
    upToMs: Math.min(...accounts.map(({ readUpTo }) => Number(readUpTo.split('-')[0]))),
    isBusy: accounts.some(({ readUpTo }, i) => readUpTo !== before[i]),
  };
}

async function openAccounts(deps: MeterDeps, shard: number): Promise<Account[]> {
  const { budgets, usage, metrics } = deps;
  const [spentUpTo, countedUpTo] = await Promise.all([
    budgets.spentUpTo(shard),
    usage.countedUpTo(shard),
  ]);
  const count = async (piece: Piece) => {
    const isCounted = await usage.count(piece);
    if (isCounted) observeEntries(piece.entries, metrics);
    return isCounted;
  };
  return [
    { readUpTo: spentUpTo, add: (piece) => budgets.spend(piece) },
    { readUpTo: countedUpTo, add: count },
  ];
}

/** Reads the ledger; accounts that are at the same place share what is read. */
function pieceReader({ records, config }: MeterDeps, shard: number) {
  let last: Piece | undefined;
  return async (fromId: string): Promise<Piece> => {
    if (last?.fromId === fromId) return last;
    const messages = await records.readLedger(shard, fromId, entriesAtOnce);
    const entries = messages.map((message) => ledgerEntryOf(message, config));
    last = { shard, fromId, toId: messages.at(-1)?.streamId ?? fromId, entries };
    return last;
  };
}

/**
 * Adds the next piece to each; returns those for which a whole piece more may be there. What is less waits for the next turn:
 * a busy ledger read to its very end came in pieces of thirty, each of which costs as much as one of a thousand.
 */
async function addNext(
  accounts: readonly Account[],
  pieceAfter: (fromId: string) => Promise<Piece>,
): Promise<Account[]> {
  const open: Account[] = [];
  for (const account of accounts) {
    // One after the other: the second reads what the first has read.
    // oxlint-disable-next-line no-await-in-loop
    const piece = await pieceAfter(account.readUpTo);
    // oxlint-disable-next-line no-await-in-loop
    if (piece.entries.length === 0 || !(await account.add(piece))) continue;
    account.readUpTo = piece.toId;
    if (piece.entries.length === entriesAtOnce) open.push(account);
  }
  return open;
}
