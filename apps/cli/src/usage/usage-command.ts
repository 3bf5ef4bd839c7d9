import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { createAdminClient } from '../connect.ts';
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
  program
    .command('usage')
    .description('calls, tokens, costs and what the cache saved')
    .option('--by <list>', 'tenant, key, model, provider, app, user, tag, with commas', '')
    .option('--interval <width>', '1m, 1h, 1d or all', '1d')
    .option('--from <time>', 'ISO 8601 or Unix seconds')
    .option('--to <time>')
    .option('--json', 'as the API gives it')
    .option('--csv')
    .action((options: UsageOptions) => run(async () => await showUsage(options)));
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
