/**
 * A batch of any size, as a nightly job of cron would run it: requests from a file, results to another, low priority all the way.
 *
 *     SLUICE_API_KEY=$(cat .data/admin-key) node examples/src/nightly-batch.ts examples/batch.jsonl /tmp/answers.jsonl
 *
 * Ends with 1 when a line failed, so that cron tells somebody.
 */
import { createWriteStream, openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { createClient } from '@sluice/client';

const { SLUICE_URL: baseUrl = 'http://127.0.0.1:8080', SLUICE_API_KEY: apiKey = '' } = process.env;
const [from = 'examples/batch.jsonl', to = 'answers.jsonl'] = process.argv.slice(2);
const { files, batches } = createClient({ baseUrl, apiKey });

const input = await files.upload(await openAsBlob(from), { filename: basename(from) });
const { id } = await batches.create({
  input_file_id: input.id,
  endpoint: '/v1/chat/completions',
  completion_window: '12h',
  metadata: { run: new Date().toISOString().slice(0, 10) },
});
const batch = await batches.wait(id);
const { total, completed, failed } = batch.request_counts;
if (batch.output_file_id) {
  const content = await files.content(batch.output_file_id);
  await pipeline(Readable.fromWeb(content), createWriteStream(to));
}
process.stdout.write(
  `${batch.status}: ${completed} of ${total}, $${batch.cost_usd ?? 'unknown'}\n`,
);
for (const { line, message } of batch.errors?.data ?? []) {
  process.stderr.write(`line ${line ?? '-'}: ${message}\n`);
}
if (batch.status !== 'completed' || failed > 0) process.exitCode = 1;
