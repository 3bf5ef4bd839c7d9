import type { JobRecord, Outcome } from '@sluice/contracts';

/** What a job keeps when it moves to another lane: its class, its size and its tenant's weight. */
export function claimOf({
  priority,
  tokens,
  weight,
}: JobRecord): Extract<Outcome, { kind: 'fallback' }>['claim'] {
  return {
    priority,
    ...(tokens !== undefined && { tokens }),
    ...(weight !== undefined && { weight }),
  };
}
