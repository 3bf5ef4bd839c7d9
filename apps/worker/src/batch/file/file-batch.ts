import {
  readLines,
  type FilePart,
  type FileStore,
  type Line,
  type LineOptions,
  type OutputFile,
  type StoredFile,
} from '@sluice/batches';
import type { FileBatchInput, FileBatchProgress, JobRecord } from '@sluice/contracts';
import type { LuaPart, Redis } from '@sluice/runtime';

import type { AnswerUnplacedDeps } from '../../cache/answer-unplaced.ts';
import type { RunJobDeps } from '../../run-job-deps.ts';
import { lineFormats } from './line-formats/line-formats.ts';

/** What the steps of a batch of a file need. */
export type FileBatchDeps = Pick<
  RunJobDeps,
  | 'adapterFor'
  | 'clock'
  | 'config'
  | 'forecast'
  | 'lanes'
  | 'log'
  | 'parkedKeys'
  | 'records'
  | 'splits'
> &
  AnswerUnplacedDeps & { files: FileStore; redis: Redis };

/** A batch of a file as one step sees it. */
export interface FileBatch extends JobRecord {
  input: FileBatchInput;
  fileBatch: FileBatchProgress;
  progress: NonNullable<JobRecord['progress']>;
}

export function asFileBatch(record: JobRecord): FileBatch {
  const { fileBatch, progress } = record;
  if (!fileBatch || !progress) throw new TypeError(`${record.jobId} is no batch of a file`);
  // `fileBatch` is there where the input is that of a file.
  return { ...record, input: record.input as FileBatchInput, fileBatch, progress };
}

/** `undefined`: its owner has deleted it. */
export async function inputFileOf(
  { input, tenantId }: FileBatch,
  { files }: Pick<FileBatchDeps, 'files'>,
): Promise<StoredFile | undefined> {
  return await files.read(input.input_file_id, tenantId);
}

/** The lines of the file from where a line begins. */
export function linesOf(
  file: StoredFile,
  from: number,
  { files, config }: Pick<FileBatchDeps, 'files' | 'config'>,
): AsyncGenerator<Line> {
  return readLines(files.bytes(file, { from }), { from, maxBytes: config.batches.maxLineBytes });
}

/** How lines of the batch are read. */
export function lineOptions(
  { input: { endpoint } }: FileBatch,
  { config }: Pick<FileBatchDeps, 'config'>,
): LineOptions {
  return { endpoint, formats: lineFormats(config), maxLineBytes: config.batches.maxLineBytes };
}

export interface NewParts {
  output: readonly FilePart[];
  error: readonly FilePart[];
}

/** Appends to the files of the batch, in one step with the script that says so in its record. */
export function extension(
  { jobId, tenantId, input, fileBatch }: FileBatch,
  parts: NewParts,
  { files, clock }: Pick<FileBatchDeps, 'files' | 'clock'>,
): LuaPart {
  const { outputLines, errorLines } = fileBatch.sums;
  const output: OutputFile = {
    fileId: input.output_file_id,
    filename: `${jobId}_output.jsonl`,
    isKnown: outputLines > 0,
    parts: parts.output,
  };
  const error: OutputFile = {
    fileId: input.error_file_id,
    filename: `${jobId}_error.jsonl`,
    isKnown: errorLines > 0,
    parts: parts.error,
  };
  const nowMs = clock.now();
  const expiresAtMs = nowMs + input.output_life_ms;
  return files.extend([output, error], { tenantId, nowMs, expiresAtMs });
}

/** Stores a text as a part of one of the files of the batch; nothing for an empty one. */
export async function storePart(
  { tenantId, input }: FileBatch,
  file: 'output' | 'error',
  texts: readonly string[],
  { files }: Pick<FileBatchDeps, 'files'>,
): Promise<FilePart[]> {
  if (texts.length === 0) return [];
  const bytes = Buffer.from(texts.join(''));
  const fileId = file === 'output' ? input.output_file_id : input.error_file_id;
  return [{ name: await files.putPart({ fileId, tenantId }, bytes), bytes: bytes.length }];
}
