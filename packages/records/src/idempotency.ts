import { createHash } from 'node:crypto';

export interface Idempotency {
  /** As the client sent it. Scoped by the request's tenant; stored only as a digest. */
  key: string;
  /** Equal for equal bodies, and only for those. */
  fingerprint: string;
}

/** What an Idempotency-Key is stored under: never the key itself, and never the same for two tenants. 64 hex digits. */
export function idempotencyDigest(tenantId: string, idempotencyKey: string): string {
  return createHash('sha256').update(`${tenantId}\0${idempotencyKey}`).digest('hex');
}

/** The shard, of `shards`, on which a tenant's Idempotency-Key always meets itself. */
export function shardOfDigest(digest: string, shards: number): number {
  return Number.parseInt(digest.slice(0, 8), 16) % shards;
}
