import { SluiceError } from '@sluice/contracts';
import type { VendorBatch } from '@sluice/providers';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { callOf, indexIn, markerOf, movePart, type PartInHand } from './native-batch.ts';
import { nextPause } from './pauses.ts';
import { keepSent } from './send-part.ts';

/** By so much the clocks of a vendor and of a worker may differ. */
const clockErrorMs = 600_000;

/**
 * A POST of this part was under way when its worker died or its connection broke: is there a batch? Asked only when no such POST
 * can leave any more. A vendor that keeps the marker tells; at one that does not, a batch with as many lines is known by the
 * custom ids of its results, so that one which still runs is waited for. Where there is none, the part is sent once more.
 */
export async function findSent(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  try {
    const found = await find(inHand);
    if (found === 'unsure') await movePart(inHand, nextPause(inHand.part, deps), deps);
    else if (found) await keepSent(inHand, found.id, deps);
    else await movePart(inHand, { state: 'planned', ...nextPause(inHand.part, deps) }, deps);
  } catch (thrown) {
    const { code } = SluiceError.from(thrown);
    const { jobId } = inHand.batch;
    deps.log.warn(
      { jobId, provider: inHand.part.provider, code },
      'a vendor did not say which batches it has',
    );
    if (!inHand.signal.aborted) await movePart(inHand, nextPause(inHand.part, deps), deps);
  }
}

async function find(inHand: PartInHand): Promise<VendorBatch | 'unsure' | undefined> {
  const known = new Set(inHand.batch.fileBatch.native.map(({ vendorId }) => vendorId));
  let isUnsure = false;
  for await (const batch of batchesSince(inHand)) {
    if (known.has(batch.id)) continue;
    const is = await isOurs(batch, inHand);
    if (is === true) return batch;
    if (is === undefined) isUnsure = true;
  }
  return isUnsure ? 'unsure' : undefined;
}

/** Those that may have been created since the POST, the newest first. */
async function* batchesSince(inHand: PartInHand): AsyncGenerator<VendorBatch> {
  const { api, part } = inHand;
  const sinceMs = (part.sendingAtMs ?? 0) - clockErrorMs;
  let after: string | undefined;
  do {
    // Each page starts where the one before ended.
    // oxlint-disable-next-line no-await-in-loop
    const page = await api.list(callOf(inHand), after);
    for (const batch of page.batches) {
      if (batch.createdAtMs < sinceMs) return;
      yield batch;
    }
    after = page.next;
  } while (after !== undefined);
}

/** `undefined`: not before it has ended. */
async function isOurs(batch: VendorBatch, inHand: PartInHand): Promise<boolean | undefined> {
  if (batch.marker !== undefined) return batch.marker === markerOf(inHand);
  if (batch.counts.total !== inHand.part.lines) return false;
  const [from] = batch.results;
  if (from === undefined) return batch.status === 'running' ? undefined : false;
  let first: string | undefined;
  await inHand.api.readResults(callOf(inHand), from, async (lines) => void (first ??= lines[0]));
  if (first === undefined) return false;
  const { customId } = inHand.api.openResult(callOf(inHand), first);
  return indexIn(customId, inHand) !== undefined;
}
