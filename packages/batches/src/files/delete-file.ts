import { loadScript } from '@sluice/runtime';

import type { FileStoreDeps } from './file-store-deps.ts';
import { endsKey, fileKeys, shardOfFile, tenantFilesKey } from './keys.ts';
import { folderOf } from './read-file.ts';

const script = loadScript(new URL('..', import.meta.url).href, 'drop-file');

/** First nobody sees it, then its bytes go, and only then is it forgotten. Done twice it does nothing more. */
export async function deleteFile(
  deps: Pick<FileStoreDeps, 'redis' | 'root' | 'shards' | 'blobs'>,
  fileId: string,
  tenantId: string,
): Promise<boolean> {
  const { redis, root, shards, blobs } = deps;
  const keys = fileKeys(root, shards, fileId);
  if (!keys) return false;
  const index = tenantFilesKey(root, shardOfFile(fileId) ?? 0, tenantId);
  const names = [keys.file, keys.parts, index, keys.ends, keys.bytes];
  const wasThere = (await script(redis, names, [fileId, tenantId])) === 1;
  await blobs.removeFolder(folderOf(tenantId, fileId));
  await redis.zrem(keys.ends, `${fileId} ${tenantId}`);
  return wasThere;
}

/** Files whose time is over, uploads that were never finished, and deletions that a crash has cut short. */
export async function sweepFiles(
  deps: FileStoreDeps,
  shard: number,
  limit: number,
): Promise<number> {
  const { redis, root, clock } = deps;
  const due = await redis.zrangebyscore(
    ...([endsKey(root, shard), '-inf', clock.now(), 'LIMIT', 0, limit] as const),
  );
  for (const member of due) {
    const [fileId = '', tenantId = ''] = member.split(' ');
    // Removing is no hurry, and must not hold up others.
    // oxlint-disable-next-line no-await-in-loop
    await deleteFile(deps, fileId, tenantId);
  }
  return due.length;
}
