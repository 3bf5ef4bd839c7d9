import type { RecordsContext } from './context.ts';
import type { Records } from './create-records.ts';
import { idempotencyDigest, shardOfDigest } from './idempotency.ts';
import { newShardedId } from './job-id.ts';

/** Shards in turn; with an Idempotency-Key always the same one, so that equal keys meet. */
export function jobIdMaker({ clock, shards }: RecordsContext): Records['newJobId'] {
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
