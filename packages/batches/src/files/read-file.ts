import type { FilePurpose } from '@sluice/contracts';
import { newSecret, sealedHead } from '@sluice/runtime';

import type { FileStoreDeps } from './file-store-deps.ts';
import { fileKeys } from './keys.ts';

/** What is known of a file. Times are epoch milliseconds. */
export interface StoredFile {
  fileId: string;
  tenantId: string;
  filename: string;
  purpose: FilePurpose;
  /** As its client named it, where it did. */
  mediaType?: string;
  createdAtMs: number;
  /** Absent: it stays until it is deleted. */
  expiresAtMs?: number;
  /** As of when it was read: a file that a batch writes grows. */
  bytes: number;
}

const fields = [
  'tenant',
  'state',
  'filename',
  'purpose',
  'createdAt',
  'expiresAt',
  'bytes',
  'mediaType',
] as const;

/** A file that is not there, is somebody else's, has expired or is still being uploaded is `undefined`. */
export async function readFile(
  { redis, root, shards, clock }: Pick<FileStoreDeps, 'redis' | 'root' | 'shards' | 'clock'>,
  fileId: string,
  tenantId: string,
): Promise<StoredFile | undefined> {
  const keys = fileKeys(root, shards, fileId);
  if (!keys) return undefined;
  const values = await redis.hmget(keys.file, ...fields);
  const [tenant, state, filename, purpose, createdAt, expiresAt, bytes, mediaType] = values;
  if (tenant !== tenantId || state !== 'processed') return undefined;
  const expiresAtMs = expiresAt ? Number(expiresAt) : undefined;
  if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) return undefined;
  return {
    fileId,
    tenantId,
    filename: filename ?? fileId,
    // Written by an upload or a batch, of the known ones.
    purpose: purpose as FilePurpose,
    ...(mediaType && { mediaType }),
    createdAtMs: Number(createdAt),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    bytes: Number(bytes),
  };
}

/** Part by part: at most one of them is in memory. */
export async function* readBytes(
  deps: FileStoreDeps,
  file: StoredFile,
  { from = 0, to = file.bytes }: { from?: number; to?: number } = {},
): AsyncGenerator<Buffer> {
  const keys = fileKeys(deps.root, deps.shards, file.fileId);
  if (!keys) return;
  let start = 0;
  for (const entry of await deps.redis.lrange(keys.parts, 0, -1)) {
    const [name = '', size = '0'] = entry.split(' ');
    const end = start + Number(size);
    if (start >= to) return;
    if (end > from) {
      // One part after the other is the point of having parts.
      // oxlint-disable-next-line no-await-in-loop
      const bytes = await getPart(deps, file, name);
      yield bytes.subarray(Math.max(0, from - start), Math.min(bytes.length, to - start));
    }
    start = end;
  }
}

/** Its name is like no other: whoever writes the same place of a file once more writes another part. */
export async function putPart(
  { blobs, seals }: FileStoreDeps,
  { fileId, tenantId }: { fileId: string; tenantId: string },
  bytes: Buffer,
): Promise<string> {
  const name = newSecret(9);
  const seal = await seals?.of(tenantId);
  const stored = seal ? seal.sealBytes(bytes, `${fileId}/${name}`) : bytes;
  await blobs.put(`${folderOf(tenantId, fileId)}/${name}`, stored);
  return name;
}

async function getPart(
  { blobs, seals }: FileStoreDeps,
  { fileId, tenantId }: StoredFile,
  name: string,
): Promise<Buffer> {
  const stored = await blobs.get(`${folderOf(tenantId, fileId)}/${name}`);
  const head = sealedHead(stored);
  if (head === undefined || !seals) return stored;
  const seal = await seals.of(tenantId, head);
  if (!seal) throw new Error(`the tenant of ${fileId} was deleted`);
  return seal.openBytes(stored, `${fileId}/${name}`);
}

/** Tenant ids and file ids are of letters, digits, `.`, `_` and `-`, and no id of a tenant begins with a dot. */
export function folderOf(tenantId: string, fileId: string): string {
  return `${tenantId}/${fileId}`;
}
