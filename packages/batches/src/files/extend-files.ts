import { readPart, type LuaPart } from '@sluice/runtime';

import type { FileStoreDeps } from './file-store-deps.ts';
import { fileKeys, shardOfFile, tenantFilesKey } from './keys.ts';

const source = readPart(new URL('..', import.meta.url).href, 'extend-files');

/** Bytes that are stored and in no file yet. */
export interface FilePart {
  name: string;
  bytes: number;
}

/** One of the two files that a batch writes, and what is appended to it. */
export interface OutputFile {
  fileId: string;
  filename: string;
  /** Whether the batch has written to it before: if it is not there now, its owner has deleted it. */
  isKnown: boolean;
  /** As `putPart` named them; none: nothing is appended. */
  parts: readonly FilePart[];
}

export interface Extension {
  tenantId: string;
  nowMs: number;
  /** When a file goes that is made by this. */
  expiresAtMs: number;
}

/** Appends to the files of a batch, as a part of the script that takes the results out of it. All are in one shard. */
export function extendFiles(
  { root, shards }: Pick<FileStoreDeps, 'root' | 'shards'>,
  files: readonly [OutputFile, OutputFile],
  { tenantId, nowMs, expiresAtMs }: Extension,
): LuaPart {
  const [first, second] = files.map(({ fileId }) => fileKeys(root, shards, fileId));
  if (!first || !second) throw new TypeError('a batch writes to files with ids of this store');
  const index = tenantFilesKey(root, shardOfFile(files[0].fileId) ?? 0, tenantId);
  return {
    source,
    keys: [index, first.ends, first.bytes, first.file, first.parts, second.file, second.parts],
    args: [
      tenantId,
      nowMs,
      expiresAtMs,
      ...files.flatMap(({ fileId, filename, isKnown, parts }) => [
        fileId,
        parts.map(({ name, bytes }) => `${name} ${bytes}`).join(','),
        parts.reduce((sum, { bytes }) => sum + bytes, 0),
        filename,
        isKnown ? '1' : '',
      ]),
    ],
  };
}
