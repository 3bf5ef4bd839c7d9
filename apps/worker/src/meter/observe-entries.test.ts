import type { LedgerEntry } from '@sluice/contracts';
import { expect, test } from 'vitest';

import { createWorkerMetrics } from '../worker-metrics.ts';
import { observeEntries } from './observe-entries.ts';

function entry(changes: Partial<LedgerEntry>): LedgerEntry {
  return {
    jobId: 'job_1',
    call: 1,
    atMs: 0,
    tenantId: 't1',
    type: 'chat',
    name: 'fast',
    provider: 'openai',
    model: 'gpt-5-mini',
    outcome: 'succeeded',
    costUsd: '0.5',
    durationMs: 1,
    ...changes,
  };
}

test('a piece of the ledger adds to each model and provider what all of its entries do', async () => {
  const metrics = createWorkerMetrics();
  const usage = { source: 'provider', total_tokens: 12, output_tokens: 2 } as const;
  observeEntries(
    [
      entry({ usage: { ...usage, input_tokens: 10, cached_input_tokens: 4 } }),
      entry({ usage: { ...usage, input_tokens: 10 } }),
      entry({ outcome: 'failed', costUsd: 'unknown' }),
      entry({ outcome: 'cached', costUsd: '0', saved: { tokens: 7, usd: '0.25' } }),
      entry({ provider: 'azure', usage }),
    ],
    metrics,
  );
  const text = await metrics.registry.metrics();
  const lines = text.split('\n').filter((line) => line.includes('model="fast"'));
  expect(lines.map((line) => line.replace('model="fast",provider=', ''))).toEqual([
    'sluice_ledger_entries_total{"openai",outcome="succeeded"} 2',
    'sluice_ledger_entries_total{"openai",outcome="failed"} 1',
    'sluice_ledger_entries_total{"openai",outcome="cached"} 1',
    'sluice_ledger_entries_total{"azure",outcome="succeeded"} 1',
    'sluice_cost_usd_total{"openai"} 1',
    'sluice_cost_usd_total{"azure"} 0.5',
    'sluice_unknown_costs_total{"openai"} 1',
    'sluice_tokens_total{"openai",kind="input"} 16',
    'sluice_tokens_total{"openai",kind="cached_input"} 4',
    'sluice_tokens_total{"openai",kind="output"} 4',
    'sluice_tokens_total{"azure",kind="input"} 0',
    'sluice_tokens_total{"azure",kind="cached_input"} 0',
    'sluice_tokens_total{"azure",kind="output"} 2',
    'sluice_saved_usd_total{"openai"} 0.25',
    'sluice_saved_tokens_total{"openai"} 7',
  ]);
});
