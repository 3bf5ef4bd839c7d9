import { mkdir } from 'node:fs/promises';

import type { FileStorage } from '@sluice/config';
import { Disk } from 'flydrive';

/** Where parts of files are kept. A key is `<tenant>/<file id>/<part>`, all of them names that Sluice made. */
export interface BlobStore {
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
  return {
    put: async (key, bytes) => (await disk()).put(`${prefix}${key}`, bytes),
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
