import type { RecordsContext } from './context.ts';
import { idempotencyDigest, shardOfDigest } from './idempotency.ts';
import { newShardedId } from './job-id.ts';

/** Makes the id of a new job; jobs of one tenant with one key get ids of one shard. */
export type NewJobId = (idempotent?: { tenantId: string; idempotencyKey: string }) => string;

/** Shards in turn; with an Idempotency-Key always the same one, so that equal keys meet. */
export function jobIdMaker({ clock, shards }: RecordsContext): NewJobId {
  let turn = 0;
  return (idempotent) => {
    if (!idempotent) {
      turn = (turn + 1) % shards;
      return newShardedId(clock.now(), turn);
    }
    const digest = idempotencyDigest(idempotent.tenantId, idempotent.idempotencyKey);
    return newShardedId(clock.now(), shardOfDigest(digest, shards));
  };
}
