import { createWriteStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { SluiceClient } from '@sluice/client';
import { batchEndpoints, type BatchEndpoint, type BatchView } from '@sluice/contracts';

export interface BatchRun {
  /** Of lines that name none themselves; by default that of the first line. */
  endpoint?: string | undefined;
  /** How long it may take, as `24h`. */
  window: string;
  /** Where the results go; failures go beside them. */
  output?: string | undefined;
  onProgress(batch: BatchView): void;
  /** Tells a person where it is. */
  note(text: string): void;
}

type Client = Pick<SluiceClient, 'files' | 'batches'>;

/**
 * Uploads a file of lines in OpenAI's form, runs them, and downloads the results. Whatever ends this early, the batch goes on: the
 * id that was noted finds it again.
 * @throws Error that says what is wrong with the file.
 */
export async function runBatch(
  { files, batches }: Client,
  file: string,
  { endpoint, window, output = resultsOf(file), onProgress, note }: BatchRun,
): Promise<BatchView> {
  const content = await openAsBlob(file);
  const chosen = await endpointOf(content, endpoint);
  const { id: fileId } = await files.upload(content, { filename: basename(file) });
  const { id } = await batches.create({
    input_file_id: fileId,
    endpoint: chosen,
    completion_window: window,
  });
  note(`${id}: goes on if this ends; later: sluice batch resume ${id} --output ${output}`);
  return await finishBatch({ files, batches }, id, { output, onProgress, note });
}

/** Waits for the end of a batch, then downloads what is missing of its results and failures. */
export async function finishBatch(
  { files, batches }: Client,
  id: string,
  { output, onProgress, note }: Pick<BatchRun, 'onProgress' | 'note'> & { output: string },
): Promise<BatchView> {
  const ended = await batches.wait(id, { onProgress });
  const { output_file_id: results, error_file_id: failures } = ended;
  if (results) await download({ files }, results, output, note);
  if (failures) await download({ files }, failures, errorsOf(output), note);
  return ended;
}

/** Goes on where an earlier download ended. */
async function download(
  { files }: Pick<Client, 'files'>,
  fileId: string,
  path: string,
  note: BatchRun['note'],
): Promise<void> {
  const { bytes } = await files.get(fileId);
  const has = await sizeOf(path);
  if (has > bytes) throw new Error(`${path}: is another file; remove it, or name another --output`);
  if (has < bytes) {
    const content = await files.content(fileId, { from: has });
    await pipeline(Readable.fromWeb(content), createWriteStream(path, { flags: 'a' }));
  }
  note(`${path}: ${bytes} bytes`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** The route that the first line names, unless one is given. */
async function endpointOf(content: Blob, given: string | undefined): Promise<BatchEndpoint> {
  const wanted = given ?? (await urlOfFirstLine(content));
  const endpoint = batchEndpoints.find((each) => each === wanted);
  if (endpoint) return endpoint;
  const what = given === undefined ? 'url of line 1' : '--endpoint';
  throw new Error(`${what}: must be one of ${batchEndpoints.join(', ')}; got ${wanted ?? 'none'}`);
}

/** More than a first line that says only what it must; a longer one needs `--endpoint`. */
const mostOfFirstLine = 1_048_576;

async function urlOfFirstLine(content: Blob): Promise<string | undefined> {
  const start = await content.slice(0, mostOfFirstLine).text();
  const [line = ''] = start.split('\n', 1);
  try {
    // Only looked at: the API validates each line.
    return (JSON.parse(line) as { url?: string }).url;
  } catch {
    return undefined;
  }
}

function resultsOf(file: string): string {
  return `${file.replace(/\.jsonl$/, '')}.results.jsonl`;
}

function errorsOf(output: string): string {
  return `${output.replace(/\.jsonl$/, '')}.errors.jsonl`;
}
