import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';

import { createAdminClient, type AdminClient } from '../connect.ts';
import { printTable } from '../print-table.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;
type Call = (...request: Parameters<AdminClient>) => Promise<void>;

/** What is shown of `GET /v1/splits`. */
export interface SplitsPage {
  data: {
    id: string;
    sticky_by: string;
    weights: string;
    arms: { model: string; weight: number; share: number; state: string; reason?: string }[];
  }[];
}

/** Adds `sluice splits`: who gets which share, and changes at once. */
export function addSplits(splits: Command, call: Call, run: Run): void {
  const path = (model: string) => `/v1/splits/${encodeURIComponent(model)}`;
  splits
    .command('list', { isDefault: true })
    .description('every split: share and state of each arm, and why')
    .option('--json', 'as the API gives it')
    .action(({ json }: { json?: boolean }) => (json ? call('GET', '/v1/splits') : run(showSplits)));
  splits
    .command('set <model> <weights...>')
    .description('other weights than the configuration has, for example next=25')
    .action((model: string, given: string[]) =>
      call('PATCH', path(model), { weights: readWeights(given) }),
    );
  splits
    .command('rollback <model> <arm>')
    .description('take the share of an arm away')
    .option('--reason <text>')
    .action((model: string, arm: string, options: { reason?: string }) =>
      call('POST', `${path(model)}/rollback`, { arm, ...options }),
    );
  splits
    .command('resume <model> <arm>')
    .description('give an arm its share again')
    .action((model: string, arm: string) => call('POST', `${path(model)}/resume`, { arm }));
  splits
    .command('reset <model>')
    .description('back to what the configuration says')
    .action((model: string) => call('POST', `${path(model)}/reset`));
}

async function showSplits(): Promise<void> {
  const client = await createAdminClient(readEnvironment());
  // The API's own reply.
  process.stdout.write(drawSplits((await client('GET', '/v1/splits')) as SplitsPage));
}

/** A line for each arm. */
export function drawSplits({ data }: SplitsPage): string {
  const rows = data.flatMap(({ id, sticky_by: by, weights, arms }) =>
    arms.map(({ model, share, state, reason = '' }, i) => [
      i === 0 ? id : '',
      i === 0 ? by : '',
      model,
      `${(share * 100).toFixed(1)} %${weights === 'set' ? ' (set)' : ''}`,
      state,
      reason,
    ]),
  );
  return printTable([['split', 'by', 'arm', 'share', 'state', 'why'], ...rows], 6);
}

/** `arm=weight`. What is no number goes to the API, which says what is allowed. */
export function readWeights(given: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.lastIndexOf('=');
      const value = text.slice(at + 1);
      return [text.slice(0, at), /^\d+(\.\d+)?$/.test(value) ? Number(value) : value];
    }),
  );
}
