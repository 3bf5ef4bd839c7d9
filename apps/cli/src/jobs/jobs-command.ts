import type { Command } from 'commander';

import type { JobView } from '@sluice/contracts';

import { readEnvironment } from '../environment.ts';
import { createAdminClient, type AdminClient } from '../connect.ts';
import { describeJob, jobLine } from './describe-job.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

interface Page {
  data: JobView[];
  has_more: boolean;
  next_cursor: string | null;
}

interface Retries {
  retried: string[];
  skipped: { id: string; error: { message: string } }[];
  next_cursor: string | null;
}

interface Filter {
  state?: string;
  type?: string;
  model?: string;
  errorCode?: string;
}

interface Output {
  json?: boolean;
}

/**
 * Adds `sluice jobs list|get|cancel|retry`. With `--json` the API's own JSON is printed, else lines for people. Lists and
 * bulk retries go on until nothing is left or `--limit` is reached.
 */
export function addJobs(jobs: Command, run: Run): void {
  const withClient = (act: (client: AdminClient) => Promise<string>) =>
    run(async () => {
      const text = await act(await createAdminClient(readEnvironment()));
      process.stdout.write(`${text}\n`);
    });
  filtered(jobs.command('list').description('the newest first'))
    .option('--limit <n>', 'at most', '20')
    .option('--json', 'as the API gives it')
    .action((options: Filter & Output & { limit: string }) =>
      withClient((client) => listJobs(client, options)),
    );
  jobs
    .command('get <id>')
    .description('one job with its timeline')
    .option('--json', 'as the API gives it')
    .action((id: string, options: Output) =>
      withClient((client) => one(client, 'GET', `/v1/jobs/${path(id)}?include=timeline`, options)),
    );
  jobs
    .command('cancel <id>')
    .option('--json', 'as the API gives it')
    .action((id: string, options: Output) =>
      withClient((client) => one(client, 'POST', `/v1/jobs/${path(id)}/cancel`, options)),
    );
  filtered(
    jobs
      .command('retry [id]')
      .description('queue an ended job once more; without an id all that the filter names'),
  )
    .option('--json', 'as the API gives it')
    .action((id: string | undefined, options: Filter & Output) =>
      withClient((client) =>
        id === undefined
          ? retryMany(client, options)
          : one(client, 'POST', `/v1/jobs/${path(id)}/retry`, options),
      ),
    );
}

function filtered(command: Command): Command {
  return command
    .option('--state <state>', 'only these')
    .option('--type <type>', 'only these')
    .option('--model <name>', 'a model or an app')
    .option('--error-code <code>', 'ended with this error, such as quarantined');
}

/** Pages of the API are read until `limit` jobs are there. */
export async function listJobs(
  client: AdminClient,
  { limit, json, ...filter }: Filter & Output & { limit: string },
): Promise<string> {
  const wanted = Number(limit);
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new Error('--limit: must be a whole number above 0');
  const found: JobView[] = [];
  for (let after: string | null = ''; after !== null && found.length < wanted;) {
    const query = new URLSearchParams({
      ...toBody(filter),
      limit: String(Math.min(100, wanted - found.length)),
      ...(after && { after }),
    });
    // The API's own reply.
    const page = (await client('GET', `/v1/jobs?${query.toString()}`)) as Page;
    found.push(...page.data);
    after = page.next_cursor;
  }
  return json ? JSON.stringify(found, undefined, 2) : found.map(jobLine).join('\n') || 'no jobs';
}

/** Asks the API page by page, so that each call is short. */
export async function retryMany(
  client: AdminClient,
  { json, ...filter }: Filter & Output,
): Promise<string> {
  const retried: string[] = [];
  const skipped: Retries['skipped'] = [];
  for (let after: string | null = ''; after !== null;) {
    const body = { ...toBody(filter), ...(after && { after }) };
    // The API's own reply.
    const page = (await client('POST', '/v1/jobs/retry', body)) as Retries;
    retried.push(...page.retried);
    skipped.push(...page.skipped);
    after = page.next_cursor;
  }
  if (json) return JSON.stringify({ retried, skipped }, undefined, 2);
  return [
    `${retried.length} queued once more, ${skipped.length} not`,
    ...skipped.map(({ id, error }) => `${id}  ${error.message}`),
  ].join('\n');
}

async function one(
  client: AdminClient,
  method: 'GET' | 'POST',
  route: string,
  { json }: Output,
): Promise<string> {
  const job = await client(method, route);
  // The API's own view.
  return json ? JSON.stringify(job, undefined, 2) : describeJob(job as JobView);
}

function toBody({ state, type, model, errorCode }: Filter): Record<string, string> {
  return {
    ...(state !== undefined && { state }),
    ...(type !== undefined && { type }),
    ...(model !== undefined && { model }),
    ...(errorCode !== undefined && { error_code: errorCode }),
  };
}

function path(id: string): string {
  return encodeURIComponent(id);
}
