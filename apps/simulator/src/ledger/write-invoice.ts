import type { LedgerEntry, Outcome } from './ledger-entry.ts';

/** Calls of one job tag that ended the same way. */
export type InvoiceLine = {
  jobTag: string | null;
  outcome: Outcome;
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** US dollars, a plain decimal. */
  amountUsd: string;
};

/** What all that was worked on costs, to the last picodollar. */
export type Invoice = { lines: InvoiceLine[]; totalUsd: string };

const PICO_PER_USD = 1e12;

/**
 * The invoice of calls. A call's cost is a number of tokens by a price with few decimals, so rounding the binary fraction to
 * twelve decimals gives the decimal that is meant; sums are of whole picodollars.
 */
export function writeInvoice(entries: Iterable<LedgerEntry>): Invoice {
  const lines = new Map<string, { line: InvoiceLine; pico: bigint }>();
  let total = 0n;
  for (const entry of entries) {
    const { jobTag, outcome, inputTokens, outputTokens, costUsd } = entry;
    if (costUsd === 0 && inputTokens === 0 && outputTokens === 0) continue;
    const id = JSON.stringify([jobTag, outcome]);
    const known = lines.get(id) ?? { line: newLine(jobTag, outcome), pico: 0n };
    const pico = BigInt(Math.round(costUsd * PICO_PER_USD));
    known.line.calls += 1;
    known.line.inputTokens += inputTokens;
    known.line.outputTokens += outputTokens;
    known.pico += pico;
    total += pico;
    lines.set(id, known);
  }
  return {
    lines: [...lines.values()].map(({ line, pico }) => ({ ...line, amountUsd: decimal(pico) })),
    totalUsd: decimal(total),
  };
}

function newLine(jobTag: string | null, outcome: Outcome): InvoiceLine {
  return { jobTag, outcome, calls: 0, inputTokens: 0, outputTokens: 0, amountUsd: '0' };
}

function decimal(pico: bigint): string {
  const digits = pico.toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0+$/u, '');
  return `${digits.slice(0, -12)}${fraction === '' ? '' : `.${fraction}`}`;
}
