import { SluiceError, type FilePurpose } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import { deleteFile } from './delete-file.ts';
import type { FileStoreDeps } from './file-store-deps.ts';
import { fileKeys, shardOfFile, tenantFilesKey } from './keys.ts';
import { putPart, type StoredFile } from './read-file.ts';

const openScript = loadScript(new URL('..', import.meta.url).href, 'open-file');
const keepScript = loadScript(new URL('..', import.meta.url).href, 'keep-file');

/** Bytes of a part: what is in memory of a file at a time. */
export const partBytes = 1_048_576;

/** An upload that takes longer is given up. */
const uploadMs = 6 * 3_600_000;

/**
 * A file on its way in.
 *
 * | state     | who sees it | goes on                                                        |
 * |-----------|-------------|----------------------------------------------------------------|
 * | uploading | nobody      | processed, by `finish`; gone, by `abort` or, after a crash, by the sweeper |
 * | processed | its tenant  | gone, when it is deleted or has expired                        |
 */
export interface Upload {
  readonly fileId: string;
  /** Lines so far: line feeds, and what follows the last of them. */
  readonly lines: number;
  /** @throws SluiceError `body_too_large`. */
  write(chunk: Buffer): Promise<void>;
  /** @throws SluiceError `queue_full` where the tenant has no room for it. */
  finish(facts: UploadFacts): Promise<StoredFile>;
  abort(): Promise<void>;
}

export interface UploadFacts {
  filename: string;
  purpose: FilePurpose;
  /** As its client named it. */
  mediaType?: string | undefined;
  /** Absent: it stays until it is deleted. */
  lifeMs?: number | undefined;
}

interface Progress {
  chunks: Buffer[];
  pending: number;
  bytes: number;
  lineFeeds: number;
  endsWithLineFeed: boolean;
  parts: string[];
}

export async function openUpload(
  deps: FileStoreDeps,
  fileId: string,
  tenantId: string,
): Promise<Upload> {
  const keys = fileKeys(deps.root, deps.shards, fileId);
  if (!keys) throw new TypeError(`${fileId} is no id of a file`);
  const untilMs = deps.clock.now() + uploadMs;
  await openScript(deps.redis, [keys.file, keys.ends], [fileId, tenantId, untilMs]);
  const progress: Progress = {
    chunks: [],
    pending: 0,
    bytes: 0,
    lineFeeds: 0,
    endsWithLineFeed: true,
    parts: [],
  };
  const file = { fileId, tenantId };
  return {
    fileId,
    get lines() {
      return progress.lineFeeds + (progress.endsWithLineFeed ? 0 : 1);
    },
    write: (chunk) => write(deps, file, progress, chunk),
    finish: (facts) => finish(deps, file, progress, facts),
    abort: async () => void (await deleteFile(deps, fileId, tenantId)),
  };
}

async function write(
  deps: FileStoreDeps,
  file: { fileId: string; tenantId: string },
  progress: Progress,
  chunk: Buffer,
): Promise<void> {
  progress.bytes += chunk.length;
  if (progress.bytes > deps.maxFileBytes) {
    const message = `file: must not exceed ${deps.maxFileBytes} bytes`;
    throw new SluiceError('body_too_large', message, { param: 'file' });
  }
  countLines(progress, chunk);
  progress.chunks.push(chunk);
  progress.pending += chunk.length;
  while (progress.pending >= partBytes) {
    // Nothing more is taken until this is written: that is what slows the client down.
    // oxlint-disable-next-line no-await-in-loop
    await flush(deps, file, progress, partBytes);
  }
}

function countLines(progress: Progress, chunk: Buffer): void {
  if (chunk.length === 0) return;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) {
    progress.lineFeeds += 1;
  }
  progress.endsWithLineFeed = chunk.at(-1) === 10;
}

async function flush(
  deps: FileStoreDeps,
  file: { fileId: string; tenantId: string },
  progress: Progress,
  size: number,
): Promise<void> {
  const all = Buffer.concat(progress.chunks);
  const part = all.subarray(0, size);
  const rest = all.subarray(size);
  progress.chunks = rest.length > 0 ? [rest] : [];
  progress.pending = rest.length;
  progress.parts.push(`${await putPart(deps, file, part)} ${part.length}`);
}

async function finish(
  deps: FileStoreDeps,
  file: { fileId: string; tenantId: string },
  progress: Progress,
  { filename, purpose, mediaType, lifeMs }: UploadFacts,
): Promise<StoredFile> {
  if (progress.pending > 0) await flush(deps, file, progress, progress.pending);
  const createdAtMs = deps.clock.now();
  const kept: StoredFile = {
    ...file,
    filename,
    purpose,
    ...(mediaType !== undefined && { mediaType }),
    createdAtMs,
    ...(lifeMs !== undefined && { expiresAtMs: createdAtMs + lifeMs }),
    bytes: progress.bytes,
  };
  await keep(deps, kept, progress.parts);
  return kept;
}

async function keep(
  { redis, root, shards, maxTenantBytes }: FileStoreDeps,
  file: StoredFile,
  parts: readonly string[],
): Promise<void> {
  const { fileId, tenantId, filename, purpose, mediaType, createdAtMs, expiresAtMs, bytes } = file;
  const keys = fileKeys(root, shards, fileId);
  if (!keys) throw new TypeError(`${fileId} is no id of a file`);
  const index = tenantFilesKey(root, shardOfFile(fileId) ?? 0, tenantId);
  const share = maxTenantBytes === undefined ? '' : Math.ceil(maxTenantBytes / shards);
  const fields = ['filename', filename, 'purpose', purpose, 'createdAt', createdAtMs];
  if (expiresAtMs !== undefined) fields.push('expiresAt', expiresAtMs);
  if (mediaType !== undefined) fields.push('mediaType', mediaType);
  const facts = [fileId, tenantId, expiresAtMs ?? '', bytes, share, fields.length];
  const names = [keys.file, keys.parts, index, keys.ends, keys.bytes];
  const reply = await keepScript(redis, names, [...facts, ...fields, ...parts]);
  refuseUnkept(reply, bytes, maxTenantBytes);
}

function refuseUnkept(reply: unknown, bytes: number, max: number | undefined): void {
  // The replies that keep-file.lua lists.
  const [kind, has] = reply as ['kept' | 'gone'] | ['full', number];
  if (kind === 'kept') return;
  if (kind === 'gone') throw new SluiceError('unavailable', 'the upload took too long');
  const message = `file: has ${bytes} bytes; the tenant has files of ${has} bytes and may have ${max}`;
  throw new SluiceError('queue_full', message, { param: 'file', retryAfterMs: 60_000 });
}
