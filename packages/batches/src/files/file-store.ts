import { SluiceError, type FilePurpose, type FileView } from '@sluice/contracts';
import type { LuaPart } from '@sluice/runtime';

import { deleteFile, sweepFiles } from './delete-file.ts';
import { extendFiles, type Extension, type OutputFile } from './extend-files.ts';
import type { FileStoreDeps } from './file-store-deps.ts';
import { newFileId, shardOfFile } from './keys.ts';
import { listFiles, type FileFilter, type FilePage } from './list-files.ts';
import { putPart, readBytes, readFile, type StoredFile } from './read-file.ts';
import { openUpload, type Upload } from './upload.ts';

/**
 * The files of tenants. What is known of a file is in Redis; its bytes are parts of a mebibyte in a folder or a bucket, each
 * sealed by itself where encryption at rest is on. So neither an upload nor a download is ever whole in memory, a file can
 * grow while it is read, and a part that nobody came to record is never seen.
 */
export interface FileStore {
  /** A new id on a shard: one of a batch is on the batch's. */
  newId(shard?: number): string;
  upload(tenantId: string): Promise<Upload>;
  /** `undefined` for a file that is not there, is not this tenant's, or is still being uploaded. */
  read(fileId: string, tenantId: string): Promise<StoredFile | undefined>;
  list(tenantId: string, filter: FileFilter): Promise<FilePage>;
  /** The bytes of a file from one place to before another, as they are now. */
  bytes(file: StoredFile, range?: { from?: number; to?: number }): AsyncGenerator<Buffer>;
  /** Stores a part that is seen when the script with {@link extend} has run. Returns its name. */
  putPart(file: { fileId: string; tenantId: string }, bytes: Buffer): Promise<string>;
  extend(files: readonly [OutputFile, OutputFile], extension: Extension): LuaPart;
  /** `false` where it was not there. */
  delete(fileId: string, tenantId: string): Promise<boolean>;
  deleteOfTenant(tenantId: string): Promise<void>;
  /** Removes what has expired, and what deaths have left; says how many that were. */
  sweep(shard: number, limit: number): Promise<number>;
}

export function createFileStore(deps: FileStoreDeps): FileStore {
  let turn = 0;
  const store: FileStore = {
    newId: (shard = (turn = (turn + 1) % deps.shards)) => newFileId(deps.clock.now(), shard),
    upload: (tenantId) => openUpload(deps, store.newId(), tenantId),
    read: (fileId, tenantId) => readFile(deps, fileId, tenantId),
    list: (tenantId, filter) => listFiles(deps, tenantId, filter),
    bytes: (file, range) => readBytes(deps, file, range),
    putPart: (file, bytes) => putPart(deps, file, bytes),
    extend: (files, extension) => extendFiles(deps, files, extension),
    delete: (fileId, tenantId) => deleteFile(deps, fileId, tenantId),
    async deleteOfTenant(tenantId) {
      for (;;) {
        const { files } = await listFiles(deps, tenantId, { limit: 100 });
        if (files.length === 0) return;
        for (const { fileId } of files) await deleteFile(deps, fileId, tenantId);
      }
    },
    sweep: (shard, limit) => sweepFiles(deps, shard, limit),
  };
  return store;
}

/** A file as OpenAI shows it. */
export function fileView(file: StoredFile): FileView {
  const { fileId, bytes, createdAtMs, expiresAtMs, filename, purpose } = file;
  return {
    id: fileId,
    object: 'file',
    bytes,
    created_at: Math.floor(createdAtMs / 1_000),
    ...(expiresAtMs !== undefined && { expires_at: Math.floor(expiresAtMs / 1_000) }),
    filename,
    purpose: purpose satisfies FilePurpose,
    status: 'processed',
  };
}

/** @throws SluiceError `not_found`, the same for a file of somebody else. */
export function noFile(fileId: string, param = 'id'): SluiceError {
  const shown = shardOfFile(fileId) === undefined ? fileId.slice(0, 80) : fileId;
  const message = `there is no file "${shown}"; files are removed when they expire`;
  return new SluiceError('not_found', message, { param });
}
