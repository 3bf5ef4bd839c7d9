import type { Clock, Redis, Seals } from '@sluice/runtime';

import type { BlobStore } from './blob-store.ts';

export interface FileStoreDeps {
  redis: Redis;
  root: string;
  shards: number;
  clock: Clock;
  seals: Seals | undefined;
  blobs: BlobStore;
  maxFileBytes: number;
  maxTenantBytes?: number | undefined;
}
