import { expect, test } from 'vitest';

import { isBalanced, runLedgerChaos } from './ledger-invoice.ts';

test('the ledger is the invoice to the last digit, however calls fail and workers die', async () => {
  const report = await runLedgerChaos({ jobs: 200, kills: 2, workers: 2, seed: 7 });
  const { books, usageUsd, ledgerUsd } = report;
  expect(books.unexplained).toEqual([]);
  expect(books.exactUsd).toBe(books.invoicedExactUsd);
  expect(Number(books.exactUsd)).toBeGreaterThan(0);
  expect(usageUsd).toBe(ledgerUsd);
  expect(isBalanced(report)).toBe(true);
}, 120_000);
