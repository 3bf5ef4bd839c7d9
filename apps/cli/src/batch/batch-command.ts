import type { BatchView } from '@sluice/contracts';
import { batchEndpoints } from '@sluice/contracts';
import type { Command } from 'commander';

import { readEnvironment } from '../environment.ts';
import { connect } from '../connect.ts';
import { printTable } from '../print-table.ts';
import { drawProgress } from './draw-progress.ts';
import { finishBatch, runBatch, type BatchRun } from './run-batch.ts';

type Run = (act: () => Promise<unknown>) => Promise<void>;

interface RunOptions {
  endpoint: string;
  window: string;
  output?: string;
  json?: boolean;
}

/** Adds `sluice batch run|resume|list|cancel`. */
export function addBatchCommands(program: Command, run: Run): void {
  const batch = program.command('batch').description('files of requests, a line each');
  batch
    .command('run <file>')
    .description('upload a file, run its lines, download the results')
    .option('--endpoint <path>', `of lines that name none: ${batchEndpoints.join(', ')}`)
    .option('--window <time>', 'how long it may take, as 24h', '24h')
    .option('--output <file>', 'for the results; FILE.results.jsonl by default')
    .option('--json', 'the batch as the API gives it')
    .action((file: string, options: RunOptions) =>
      run(async () => {
        const progress = showProgress();
        const ended = await runBatch(await connect(readEnvironment()), file, {
          ...options,
          ...progress,
        });
        report(ended, options);
      }),
    );
  batch
    .command('resume <id>')
    .description('go on after an interruption: wait for the end, then download what is missing')
    .requiredOption('--output <file>', 'for the results')
    .option('--json', 'the batch as the API gives it')
    .action((id: string, options: { output: string; json?: boolean }) =>
      run(async () => {
        const client = await connect(readEnvironment());
        report(
          await finishBatch(client, id, { ...showProgress(), output: options.output }),
          options,
        );
      }),
    );
  addLooks(batch, run);
}

function addLooks(batch: Command, run: Run): void {
  batch
    .command('list')
    .option('--json', 'as the API gives it')
    .action(({ json }: { json?: boolean }) =>
      run(async () => {
        const client = await connect(readEnvironment());
        const found: BatchView[] = [];
        for await (const each of client.batches.list()) found.push(each);
        const rows = found.map(({ id, status, request_counts: counts }) => [
          id,
          status,
          ...[counts.total, counts.completed, counts.failed].map(String),
        ]);
        const table = printTable([['batch', 'status', 'lines', 'done', 'failed'], ...rows], 2);
        process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : table);
      }),
    );
  batch.command('cancel <id>').action((id: string) =>
    run(async () => {
      const client = await connect(readEnvironment());
      process.stdout.write(`${id} ${(await client.batches.cancel(id)).status}\n`);
    }),
  );
}

/** A bar on the terminal; lines where there is none, only when something has changed. */
function showProgress(): Pick<BatchRun, 'onProgress' | 'note'> {
  let shown = '';
  const { stderr } = process;
  return {
    onProgress(batch) {
      const text = drawProgress(batch);
      if (text === shown) return;
      shown = text;
      stderr.write(stderr.isTTY ? `\r\u001B[2K${text}` : `${text}\n`);
    },
    note: (text) => void stderr.write(`${stderr.isTTY && shown !== '' ? '\n' : ''}${text}\n`),
  };
}

function report(batch: BatchView, { json }: { json?: boolean }): void {
  if (json) process.stdout.write(`${JSON.stringify(batch, undefined, 2)}\n`);
  if (batch.status === 'completed') return;
  const why = batch.errors?.data.map(({ line, message }) => `line ${line ?? '-'}: ${message}`);
  throw new Error([`${batch.id} is ${batch.status}`, ...(why ?? [])].join('\n'));
}
