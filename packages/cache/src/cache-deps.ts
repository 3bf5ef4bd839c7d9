import type { Seals } from '@sluice/runtime';
import type { Redis } from 'ioredis';

/** What the acts on replies need. */
export interface CacheDeps {
  redis: Redis;
  /** Root of all keys. */
  root: string;
  /** Encryption at rest; without it replies are stored in clear. Those that all tenants share are sealed as a tenant's would be. */
  seals?: Seals | undefined;
}
