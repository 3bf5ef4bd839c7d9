import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { FileStorage } from '@sluice/config';
import { Disk } from 'flydrive';

/** Where parts of files are kept. A key is `<tenant>/<file id>/<part>`, all of them names that Sluice made. */
export interface BlobStore {
  /** What is put is there when this resolves, also after a power cut. */
  put(key: string, bytes: Buffer): Promise<void>;
  /** @throws Error where there is none. */
  get(key: string): Promise<Buffer>;
  /** Removes everything under a folder; nothing where there is none. */
  removeFolder(folder: string): Promise<void>;
}

/** A folder or a bucket, as configured. It is opened with the first use: an API that stores nothing needs neither. */
export function createBlobStore(storage: FileStorage): BlobStore {
  let opening: Promise<Disk> | undefined;
  const disk = () => (opening ??= openDisk(storage));
  const prefix = storage.kind === 's3' ? storage.prefix : '';
  const syncFile = createSyncer(storage.kind === 'disk' ? resolve(storage.folder) : '');
  return {
    async put(key, bytes) {
      await (await disk()).put(`${prefix}${key}`, bytes);
      if (storage.kind === 'disk') await syncFile(resolve(storage.folder, key));
    },
    async get(key) {
      const bytes = await (await disk()).getBytes(`${prefix}${key}`);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    removeFolder: async (folder) => (await disk()).deleteAll(`${prefix}${folder}/`),
  };
}

/** The drivers are loaded only where they are used: that of S3 brings the whole AWS SDK. */
async function openDisk(storage: FileStorage): Promise<Disk> {
  if (storage.kind === 'disk') {
    const { FSDriver } = await import('flydrive/drivers/fs');
    // Prompts and answers: nobody else's to read.
    await mkdir(storage.folder, { recursive: true, mode: 0o700 });
    return new Disk(new FSDriver({ location: storage.folder, visibility: 'private' }));
  }
  const { S3Driver } = await import('flydrive/drivers/s3');
  const { bucket, region, endpoint, credentials, pathStyle } = storage;
  return new Disk(
    new S3Driver({
      bucket,
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials }),
      forcePathStyle: pathStyle,
      visibility: 'private',
      // The bucket's own policy says who may read; many services know no ACLs.
      supportsACL: false,
    }),
  );
}

/**
 * Brings a file to the disk, and the entries that lead to it, from its folder up to that of all files: whoever records it next may say
 * so to a client. Those above its folder only once for the parts of one file. What it costs is in docs/batches.md.
 */
function createSyncer(root: string): (path: string) => Promise<void> {
  let known: string | undefined;
  return async (path) => {
    const folder = dirname(path);
    const above = known === folder ? dirname(folder) : dirname(root);
    for (let each = path; each !== above; each = dirname(each)) {
      // An entry is of no use before what it leads to is there.
      // oxlint-disable-next-line no-await-in-loop
      await sync(each);
    }
    known = folder;
  };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
