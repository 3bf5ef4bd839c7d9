import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { createAdminClient, type AdminClient } from '../connect.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

/** Requests of one batch job. */
const perBatch = 1_000;

/** How long one look at a batch waits for its end, in seconds. */
const waitSeconds = 8;

/** Adds `sluice cache preload FILE` and `sluice cache invalidate`. */
export function addCache(cache: Command, run: Run): void {
  cache
    .command('preload <file>')
    .description(
      'run the requests of a file, one JSON object a line as in a batch job, so that their replies are cached',
    )
    .option('--refresh', 'also those whose reply is there already', false)
    .option('--tag <tag...>', 'names by which the replies can be invalidated')
    .action((file: string, options: PreloadOptions) => run(() => preload(file, options)));
  cache
    .command('invalidate')
    .description('forget replies: give one of the options')
    .option('--tag <tag>')
    .option('--model <name>')
    .option('--app <name>')
    .option('--all', 'all of the tenant')
    .option('--shared', 'of what all tenants share')
    .action(({ shared, ...what }: Record<string, string | boolean | undefined>) =>
      run(async () => {
        const client = await createAdminClient(readEnvironment());
        const body = { ...what, ...(shared && { scope: 'shared' }) };
        const reply = await client('POST', '/v1/cache/invalidate', body);
        process.stdout.write(`${JSON.stringify(reply, undefined, 2)}\n`);
      }),
    );
}

interface PreloadOptions {
  refresh: boolean;
  tag?: string[];
}

/** What came of all batches so far. */
interface Preloaded {
  requests: number;
  failed: number;
  cost_usd: string[];
}

/** One batch job after the other, so that the file may be of any length. */
async function preload(file: string, options: PreloadOptions): Promise<void> {
  const client = await createAdminClient(readEnvironment());
  const done: Preloaded = { requests: 0, failed: 0, cost_usd: [] };
  for await (const requests of chunksOf(file)) {
    const summary = await runBatch(requests, options, client);
    done.requests += requests.length;
    done.failed += summary.failed;
    done.cost_usd.push(summary.cost_usd);
    process.stderr.write(`${done.requests} requests done, ${done.failed} failed\n`);
  }
  process.stdout.write(`${JSON.stringify(done, undefined, 2)}\n`);
  if (done.failed > 0) process.exitCode = 1;
}

/** @throws Error that names the line that is no JSON. */
async function* chunksOf(file: string): AsyncGenerator<unknown[]> {
  let chunk: unknown[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    number += 1;
    if (line.trim() === '') continue;
    chunk.push(readLine(line, `${file}:${number}`));
    if (chunk.length === perBatch) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

function readLine(line: string, at: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`${at}: not JSON`, { cause: error });
  }
}

async function runBatch(
  requests: readonly unknown[],
  { refresh, tag }: PreloadOptions,
  client: AdminClient,
): Promise<{ failed: number; cost_usd: string }> {
  const cache = { mode: refresh ? 'refresh' : 'default', ...(tag && { tags: tag }) };
  const body = { type: 'batch', cache, input: { requests } };
  // The API's own job.
  let job = (await client('POST', '/v1/jobs', body)) as BatchView;
  while (!job.result && !job.error) {
    job = (await client('GET', `/v1/jobs/${job.id}?wait=${waitSeconds}`)) as BatchView;
  }
  if (!job.result) throw new Error(`${job.id}: ${job.error?.message ?? 'no result'}`);
  return job.result.summary;
}

interface BatchView {
  id: string;
  result?: { summary: { failed: number; cost_usd: string } };
  error?: { message: string };
}
