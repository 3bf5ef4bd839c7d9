import { newId, shardOfSuffix, shardSuffix, shardTag } from '@sluice/runtime';

/**
 * Keys of files. `<tag>` is `{<root>:<shard>}`, as that of jobs, so that a batch and the files that it writes change in one
 * script.
 *
 * | key                      | type | what                                                | goes away                  |
 * |--------------------------|------|-----------------------------------------------------|----------------------------|
 * | <tag>/file:<file id>     | hash | tenant, filename, purpose, mediaType, createdAt, expiresAt (epoch ms), bytes, state | owner: delete, sweepFiles |
 * | <tag>/parts:<file id>    | list | `<name> <bytes>` of each part, in order             | with the file              |
 * | <tag>/files:<tenant id>  | zset | file ids, score 0: the order is that of the ids     | owner: delete, sweepFiles  |
 * | <tag>/file-ends          | zset | `<file id> <tenant id>` -> when it goes (epoch ms); 0: its bytes are being removed | owner: sweepFiles |
 * | <tag>/file-bytes         | hash | tenant id -> bytes of its files                     | fields go with the files   |
 */
export interface FileKeys {
  file: string;
  parts: string;
  ends: string;
  bytes: string;
}

const fileIdPattern = /^file-[0-9a-hjkmnp-tv-z]{26}([0-9a-hjkmnp-tv-z]{2})$/;

/** A new id: 80 random bits, so that nobody guesses one; it names its shard as a job id does. */
export function newFileId(nowMs: number, shard: number): string {
  return `${newId('file', nowMs).replace('_', '-')}${shardSuffix(shard)}`;
}

/** The shard of a file; `undefined` for a text that is no id of a file. Ids come from clients and become paths. */
export function shardOfFile(fileId: string): number | undefined {
  const characters = fileIdPattern.exec(fileId)?.[1];
  return characters === undefined ? undefined : shardOfSuffix(characters);
}

/** `undefined` for a text that is not the id of a file on these shards. */
export function fileKeys(root: string, shards: number, fileId: string): FileKeys | undefined {
  const shard = shardOfFile(fileId);
  if (shard === undefined || shard >= shards) return undefined;
  const tag = shardTag(root, shard);
  return {
    file: `${tag}/file:${fileId}`,
    parts: `${tag}/parts:${fileId}`,
    ends: endsKey(root, shard),
    bytes: `${tag}/file-bytes`,
  };
}

export function endsKey(root: string, shard: number): string {
  return `${shardTag(root, shard)}/file-ends`;
}

export function tenantFilesKey(root: string, shard: number, tenantId: string): string {
  return `${shardTag(root, shard)}/files:${tenantId}`;
}
