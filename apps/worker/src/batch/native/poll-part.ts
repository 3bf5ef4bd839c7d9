import { SluiceError, type NativePart } from '@sluice/contracts';
import type { VendorBatch } from '@sluice/providers';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { callOf, movePart, type PartInHand } from './native-batch.ts';
import { makeRoom } from './make-room.ts';
import { nextPause } from './pauses.ts';

/** OpenAI's word for a batch that it has no room for: too many tokens of the model are in its queue. */
const noRoom = 'token_limit_exceeded';

/** Asks the vendor how far a batch is. */
export async function pollPart(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  const { api, part } = inHand;
  let found: VendorBatch;
  try {
    found = await api.read(callOf(inHand), part.vendorId ?? '');
  } catch (thrown) {
    await noteFailure(inHand, SluiceError.from(thrown), deps);
    return;
  }
  if (found.status === 'failed' && found.problem?.code === noRoom) {
    await makeRoom(inHand, found.problem.message, deps);
    return;
  }
  const { succeeded, failed, total } = found.counts;
  const counts = { succeeded, failed };
  const changes = { counts, ...changesOf(inHand, found, deps) };
  const isNews = percentOf(counts, total) !== percentOf(part.counts, total);
  const { provider, model } = part;
  const data = { provider, model, upstream_id: found.id, total, ...counts };
  await movePart(inHand, changes, deps, {
    event: isNews ? { type: 'batch.answered', data } : undefined,
  });
}

function changesOf(
  inHand: PartInHand,
  found: VendorBatch,
  deps: FileBatchDeps,
): Partial<NativePart> {
  const { part } = inHand;
  switch (found.status) {
    case 'running':
      return nextPause(part, deps);
    case 'ended':
    case 'expired':
      return {
        state: 'collecting',
        results: found.results,
        nextMs: 0,
        ...(found.status === 'expired' && { isExpired: true as const }),
      };
    case 'failed': {
      const { code = 'failed', message = 'it does not say why' } = found.problem ?? {};
      const said = `${part.provider} refused the batch: ${message}`;
      const error = new SluiceError('upstream_invalid_request', said, { upstreamCode: code });
      return { state: 'failed', error: error.toJSON() };
    }
  }
}

/** At each hundredth of the way, so that no batch fills its timeline. */
function percentOf(counts: NativePart['counts'], total: number): number {
  const { succeeded, failed } = counts ?? { succeeded: 0, failed: 0 };
  return total === 0 ? 0 : Math.floor(((succeeded + failed) * 100) / total);
}

/** Only a batch that the vendor does not know is over; whatever else is wrong may be put right while it runs. */
async function noteFailure(
  inHand: PartInHand,
  error: SluiceError,
  deps: FileBatchDeps,
): Promise<void> {
  const { jobId } = inHand.batch;
  const { provider } = inHand.part;
  deps.log.warn({ jobId, provider, code: error.code }, 'a batch was not read at its vendor');
  if (inHand.signal.aborted) return;
  const isGone = error.code === 'upstream_not_found';
  const changes = isGone
    ? { state: 'failed' as const, error: error.toJSON() }
    : nextPause(inHand.part, deps);
  await movePart(inHand, changes, deps);
}
