import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { connect, createAdminClient } from '../connect.ts';
import { drawUsage, type UsagePage } from './draw-usage.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

interface UsageOptions {
  by: string;
  interval: string;
  from?: string;
  to?: string;
  json?: boolean;
  csv?: boolean;
}

/** Adds `sluice usage`: what was called, what it cost and what the cache saved. */
export function addUsageCommand(program: Command, run: Run): void {
  const usage = program
    .command('usage')
    .description('calls, tokens, costs and what the cache saved')
    .option('--by <list>', 'tenant, key, model, provider, app, user, tag, with commas', '')
    .option('--interval <width>', '1m, 1h, 1d or all', '1d')
    .option('--from <time>', 'ISO 8601 or Unix seconds')
    .option('--to <time>')
    .option('--json', 'as the API gives it')
    .option('--csv')
    .action((options: UsageOptions) => run(async () => await showUsage(options)));
  usage
    .command('ledger')
    .description('every call in a line')
    .option('--from <time>', 'ISO 8601 or Unix seconds; a day ago without it')
    .option('--to <time>')
    .option('--tenant <id>')
    .option('--csv', 'instead of JSON lines')
    .action((_options: LedgerOptions, command: Command) =>
      // Both have --from, --to and --csv, and commander gives them to the first.
      run(async () => await printLedger(command.optsWithGlobals<LedgerOptions>())),
    );
}

interface LedgerOptions {
  from?: string;
  to?: string;
  tenant?: string;
  csv?: boolean;
}

/** As it comes, however long it is. */
async function printLedger({ csv, from, to, tenant }: LedgerOptions): Promise<void> {
  const query = new URLSearchParams({ format: csv ? 'csv' : 'jsonl' });
  for (const [name, value] of Object.entries({ from, to, tenant })) {
    if (value !== undefined) query.set(name, value);
  }
  const client = await connect(readEnvironment());
  const lines = await client.stream({
    method: 'GET',
    path: `/v1/usage/ledger?${query.toString()}`,
  });
  await pipeline(Readable.fromWeb(lines), process.stdout, { end: false });
}

async function showUsage({ by, interval, from, to, json, csv }: UsageOptions): Promise<void> {
  const query = new URLSearchParams({ interval, limit: '1500' });
  if (by !== '') query.set('group_by', by);
  if (from !== undefined) query.set('from', from);
  if (to !== undefined) query.set('to', to);
  if (csv) query.set('format', 'csv');
  const client = await createAdminClient(readEnvironment());
  const reply = await client('GET', `/v1/usage?${query.toString()}`);
  if (csv) process.stdout.write(String(reply));
  else if (json) process.stdout.write(`${JSON.stringify(reply, undefined, 2)}\n`);
  // The API's own reply to what was asked.
  else process.stdout.write(drawUsage(reply as UsagePage));
}
