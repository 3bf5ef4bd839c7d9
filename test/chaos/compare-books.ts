import type { LedgerEntry } from '@sluice/contracts';
import { picoOf, usdOf } from '@sluice/metering';

import type { Invoice, InvoiceLine } from '../support/simulator-control.ts';

/** The ledger beside the invoice. Money in US dollars, plain decimals. */
export interface Books {
  ledgerUsd: string;
  invoiceUsd: string;
  /** Of calls whose whole reply came: what the ledger has, and what the invoice has for the same users. */
  exactUsd: string;
  invoicedExactUsd: string;
  /** Of calls whose end Sluice never saw, and how many; each has an entry that says so. */
  unseenUsd: string;
  unseenCalls: number;
  /** Users whose books do not come out even, with what is wrong. */
  unexplained: string[];
}

/**
 * By user, of whom each has one job:
 *
 * | on the invoice                  | in the ledger                                                                |
 * |---------------------------------|------------------------------------------------------------------------------|
 * | a whole answer                  | an entry of the same cost, or, where it never arrived, one that says no cost |
 * | an answer that was broken off   | an entry that says that it was cut or its run lost                           |
 * | a Dify run that nobody followed to its end | an entry that says no cost: Dify tells prices only while it runs  |
 */
export function compareBooks(entries: readonly LedgerEntry[], invoice: Invoice): Books {
  const byUser = Map.groupBy(entries, ({ user }) => user ?? '');
  const lines = Map.groupBy(invoice.lines, ({ jobTag }) => jobTag ?? '');
  const unexplained: string[] = [];
  let [exact, invoicedExact, unseen, unseenCalls] = [0n, 0n, 0n, 0];
  for (const user of new Set([...byUser.keys(), ...lines.keys()])) {
    const own = compareUser(byUser.get(user) ?? [], lines.get(user) ?? []);
    if (own.wrong !== undefined) unexplained.push(`${user}: ${own.wrong}`);
    exact += own.exact;
    invoicedExact += own.invoicedExact;
    unseen += own.unseen;
    unseenCalls += own.unseenCalls;
  }
  return {
    ledgerUsd: usdOf(sum(entries.map(({ costUsd }) => costUsd))),
    invoiceUsd: invoice.totalUsd,
    exactUsd: usdOf(exact),
    invoicedExactUsd: usdOf(invoicedExact),
    unseenUsd: usdOf(unseen),
    unseenCalls,
    unexplained,
  };
}

interface UserBooks {
  exact: bigint;
  invoicedExact: bigint;
  unseen: bigint;
  unseenCalls: number;
  wrong?: string;
}

function compareUser(entries: readonly LedgerEntry[], lines: readonly InvoiceLine[]): UserBooks {
  const priced = ({ outcome, costUsd }: LedgerEntry) =>
    outcome === 'succeeded' && costUsd !== 'unknown';
  const succeeded = entries.filter(priced);
  const open = entries.filter(
    (entry) => !priced(entry) && ['succeeded', 'cut', 'interrupted'].includes(entry.outcome),
  );
  const bought = lines.filter(({ outcome }) => outcome === 'bought');
  const broken = lines.filter(({ outcome }) => outcome !== 'bought');
  const exact = sum(succeeded.map(({ costUsd }) => costUsd));
  const boughtUsd = sum(bought.map(({ amountUsd }) => amountUsd));
  const lost = count(bought) - succeeded.length;
  const unseenCalls = lost + count(broken);
  const unseen = boughtUsd - exact + sum(broken.map(({ amountUsd }) => amountUsd));
  const base = { exact, invoicedExact: lost === 0 ? boughtUsd : exact, unseen, unseenCalls };
  if (lost < 0) return { ...base, wrong: `${-lost} calls in the ledger are not on the invoice` };
  if (lost === 0 && exact !== boughtUsd) {
    return { ...base, wrong: `the ledger has ${usdOf(exact)}, the invoice ${usdOf(boughtUsd)}` };
  }
  if (unseenCalls > open.length) {
    return { ...base, wrong: `${unseenCalls} calls without an end, ${open.length} in the ledger` };
  }
  return base;
}

function count(lines: readonly InvoiceLine[]): number {
  return lines.reduce((total, { calls }) => total + calls, 0);
}

/** In picodollars; what is not known adds nothing. */
function sum(costs: readonly string[]): bigint {
  const known = costs.filter((cost) => cost !== 'unknown');
  return known.reduce((total, cost) => total + picoOf(cost), 0n);
}
