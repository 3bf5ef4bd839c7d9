import type { FilePurpose } from '@sluice/contracts';

import type { FileStoreDeps } from './file-store-deps.ts';
import { shardOfFile, tenantFilesKey } from './keys.ts';
import { readFile, type StoredFile } from './read-file.ts';

export interface FileFilter {
  purpose?: FilePurpose | undefined;
  /** Id of the last file of the page before. */
  after?: string | undefined;
  /** The newest first is `desc`, as without it. */
  order?: 'asc' | 'desc' | undefined;
  limit: number;
}

export interface FilePage {
  files: StoredFile[];
  hasMore: boolean;
}

const readAtOnce = 100;

/** Ids sort by time, over all shards. Files whose purpose does not fit are read and passed over. */
export async function listFiles(
  deps: Pick<FileStoreDeps, 'redis' | 'root' | 'shards' | 'clock'>,
  tenantId: string,
  { purpose, after, order = 'desc', limit }: FileFilter,
): Promise<FilePage> {
  const files: StoredFile[] = [];
  let position = after !== undefined && shardOfFile(after) !== undefined ? after : undefined;
  for (;;) {
    // Each page starts where the one before ended.
    // oxlint-disable-next-line no-await-in-loop
    const ids = await nextIds(deps, tenantId, { position, order });
    // oxlint-disable-next-line no-await-in-loop
    const read = await Promise.all(ids.map((id) => readFile(deps, id, tenantId)));
    for (const file of read) {
      if (!file || (purpose !== undefined && file.purpose !== purpose)) continue;
      if (files.length === limit) return { files, hasMore: true };
      files.push(file);
    }
    position = ids.at(-1);
    if (position === undefined) return { files, hasMore: false };
  }
}

/** The next ids over all shards, complete up to the last of them; none at the end. */
async function nextIds(
  { redis, root, shards }: Pick<FileStoreDeps, 'redis' | 'root' | 'shards'>,
  tenantId: string,
  { position, order }: { position: string | undefined; order: 'asc' | 'desc' },
): Promise<string[]> {
  const isRising = order === 'asc';
  const start = position === undefined ? (isRising ? '-' : '+') : `(${position}`;
  const pages = await Promise.all(
    Array.from({ length: shards }, (_, shard) => {
      const key = tenantFilesKey(root, shard, tenantId);
      return isRising
        ? redis.zrange(key, start, '+', 'BYLEX', 'LIMIT', 0, readAtOnce)
        : redis.zrange(key, start, '-', 'BYLEX', 'REV', 'LIMIT', 0, readAtOnce);
    }),
  );
  const isBefore = (a: string, b: string) => (isRising ? a < b : a > b);
  // Of a shard that gave a full page only what is before its end is known to be complete.
  const ends = pages.filter((page) => page.length === readAtOnce).map((page) => page.at(-1) ?? '');
  const complete = ends.reduce<string | undefined>(
    (first, end) => (first === undefined || isBefore(end, first) ? end : first),
    undefined,
  );
  return pages
    .flat()
    .filter((id) => complete === undefined || !isBefore(complete, id))
    .toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
}
