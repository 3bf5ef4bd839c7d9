import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { idempotencyDigest, shardOfDigest, type Idempotency } from './idempotency.ts';

const claimScript = loadScript(import.meta.url, 'claim-answer');
const keepScript = loadScript(import.meta.url, 'keep-claim');

/** A request that wants to answer a call with an Idempotency-Key. */
export interface Claimant {
  tenantId: string;
  idempotency: Idempotency;
  /** Unique to the request. */
  id: string;
}

/**
 * Who answers a call with an Idempotency-Key now. The job is made once without it; this tells a second request that the first
 * is still being answered. A claim ends with its lease, so that a process that dies shuts nobody out.
 */
export interface AnswerClaims {
  /** `mismatch`: the request that has it sent another body. */
  claimAnswer(claimant: Claimant, leaseMs: number): Promise<'claimed' | 'in_flight' | 'mismatch'>;
  /** From now on for `leaseMs`; with 0 it is given up. `false` when it is not the claimant's. */
  keepClaim(claimant: Claimant, leaseMs: number): Promise<boolean>;
}

export function answerClaims(context: RecordsContext): AnswerClaims {
  return {
    async claimAnswer(claimant, leaseMs) {
      const { idempotency, id } = claimant;
      const args = [idempotency.fingerprint, id, leaseMs];
      // The replies that claim-answer.lua lists.
      return (await claimScript(context.redis, [keyOf(context, claimant)], args)) as
        | 'claimed'
        | 'in_flight'
        | 'mismatch';
    },
    keepClaim: async (claimant, leaseMs) =>
      (await keepScript(context.redis, [keyOf(context, claimant)], [claimant.id, leaseMs])) === 1,
  };
}

function keyOf({ keys, shards }: RecordsContext, { tenantId, idempotency }: Claimant): string {
  const digest = idempotencyDigest(tenantId, idempotency.key);
  return keys.answering(shardOfDigest(digest, shards), digest);
}
