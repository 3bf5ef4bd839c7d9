import type { NativePart } from '@sluice/contracts';
import { exactCostOf } from '@sluice/metering';

import { budgetExceeded } from '../../permit/ask-leave.ts';
import type { FileBatchDeps } from '../file/file-batch.ts';
import { markerOf, type PartInHand } from './native-batch.ts';
import { nextPause, patienceMs } from './pauses.ts';
import { tokensOf } from './part-tokens.ts';

/** A batch at a vendor makes one call, as far as budgets know. */
const call = 1;

/**
 * Sets aside what the part may cost in every budget that it counts in, before it is sent: until its last result is in the ledger,
 * or nothing more comes of it. Resolves with how the part goes on where a budget has no room.
 */
export async function reservePart(
  inHand: PartInHand,
  deps: FileBatchDeps,
): Promise<Partial<NativePart> | undefined> {
  const { batch, part, target, api } = inHand;
  const { tenantId, keyId } = batch;
  const scopes = deps.budgets.scopesOf({ tenantId, keyId, provider: part.provider });
  if (scopes.length === 0) return undefined;
  const tokens = await tokensOf(inHand, deps);
  inHand.part = { ...part, tokens };
  const usage = {
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    total_tokens: tokens.input + tokens.output,
    source: 'estimate',
  } as const;
  const estimate = exactCostOf(usage, target.price, api.priceFactor);
  const leaseMs = batch.startByMs - deps.clock.now() + patienceMs;
  const reservation = { call, estimate, leaseMs };
  const refusal = await deps.budgets.reserve(markerOf(inHand), scopes, reservation);
  if (!refusal) return undefined;
  if (refusal.kind === 'wait') return nextPause(part, deps);
  return { state: 'failed', error: budgetExceeded(refusal, 'batch').toJSON() };
}
