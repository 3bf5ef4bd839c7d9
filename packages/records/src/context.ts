import type { TenantCaps } from '@sluice/contracts';
import type { Clock, Seals } from '@sluice/runtime';
import type { Redis } from 'ioredis';

import type { RecordKeys } from './keys.ts';

/** What every act on records needs. */
export interface RecordsContext {
  redis: Redis;
  keys: RecordKeys;
  shards: number;
  config: RecordsConfig;
  clock: Clock;
  /** Seals what a record holds of prompts, results and secrets; `undefined`: it is stored in clear. */
  seals: Seals | undefined;
}

export interface RecordsConfig {
  /** How long an ended job can be read. */
  retentionMs: number;
  /** How long an Idempotency-Key is remembered. */
  idempotencyTtlMs: number;
  /** What a tenant may have that has no caps of its own; absent is as much as it likes. */
  caps?: TenantCaps;
}
