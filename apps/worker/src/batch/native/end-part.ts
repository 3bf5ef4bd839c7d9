import { SluiceError } from '@sluice/contracts';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { callOf, movePart, type PartInHand } from './native-batch.ts';
import { isGivenUp, nextPause } from './pauses.ts';
import { pollPart } from './poll-part.ts';

/** The batch is cancelled or out of time: so is what its vendor has of it. What has an answer by then is collected. */
export async function endPart(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  const { api, batch, part, signal } = inHand;
  const nowMs = deps.clock.now();
  if (part.endingAtMs !== undefined) {
    const isLate = isGivenUp(batch, deps);
    await (isLate ? movePart(inHand, { state: 'dropped' }, deps) : pollPart(inHand, deps));
    return;
  }
  try {
    await api.cancel(callOf(inHand), part.vendorId ?? '');
  } catch (thrown) {
    const { code } = SluiceError.from(thrown);
    const { jobId } = batch;
    deps.log.warn(
      { jobId, provider: part.provider, code },
      'a batch was not cancelled at its vendor',
    );
    if (signal.aborted) return;
  }
  await movePart(inHand, { endingAtMs: nowMs, ...nextPause({}, deps) }, deps);
}
