import { SluiceError } from '@sluice/contracts';
import type { VendorResult } from '@sluice/providers';

import type { FileBatchDeps } from '../file/file-batch.ts';
import {
  callOf,
  indexIn,
  linesOfPart,
  markerOf,
  movePart,
  type PartInHand,
} from './native-batch.ts';
import { NativeBooker, Overtaken } from './native-booker.ts';
import { nativeResult } from './native-result.ts';
import { LineStarts } from './line-starts.ts';
import { nextPause } from './pauses.ts';

/** Brings what the vendor has answered into the files: each line once, however often its results are read. */
export async function collectPart(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  try {
    await readAll(inHand, deps);
    await movePart(inHand, { state: 'collected' }, deps);
  } catch (thrown) {
    if (thrown instanceof Overtaken) return;
    const error = SluiceError.from(thrown);
    const { jobId } = inHand.batch;
    const { provider } = inHand.part;
    deps.log.warn({ jobId, provider, code: error.code }, 'results were not read at their vendor');
    if (inHand.signal.aborted) return;
    const isGone = error.code === 'upstream_not_found';
    const again = nextPause(inHand.part, deps);
    await movePart(inHand, isGone ? { state: 'failed', error: error.toJSON() } : again, deps);
  }
}

async function readAll(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  const { api, batch, part } = inHand;
  const isDone = await deps.records.readDone(batch.jobId);
  const starts = await LineStarts.of(inHand, deps);
  const booker = new NativeBooker(batch, deps);
  const seen = new Set<number>();
  for (const from of part.results ?? []) {
    // One after the other: their lines are booked in one order.
    // oxlint-disable-next-line no-await-in-loop
    await api.readResults(callOf(inHand), from, async (lines) => {
      const answers = new Map<number, VendorResult>();
      for (const line of lines) {
        const result = api.openResult(callOf(inHand), line);
        const index = indexIn(result.customId, inHand);
        if (index === undefined || isDone(index) || seen.has(index) || !result.isAnswered) continue;
        seen.add(index);
        answers.set(index, result);
      }
      await write(inHand, answers, { booker, starts }, deps);
    });
  }
  if (await booker.flush({ settles: markerOf(inHand) })) return;
  // What has an answer was in the files before.
  await deps.budgets.release(markerOf(inHand));
}

/** The lines of the input that these are of are read in one go, from the first to the last of them. */
async function write(
  inHand: PartInHand,
  answers: ReadonlyMap<number, VendorResult>,
  { booker, starts }: { booker: NativeBooker; starts: LineStarts },
  deps: FileBatchDeps,
): Promise<void> {
  if (answers.size === 0) return;
  const indexes = [...answers.keys()];
  const [first, last] = [Math.min(...indexes), Math.max(...indexes)];
  const stretch = { from: first, cursor: starts.startOf(first), to: last + 1 };
  for await (const line of linesOfPart(inHand, deps, stretch)) {
    const answer = answers.get(line.index);
    if (answer) await booker.add(await nativeResult(inHand, line, answer, deps));
  }
}
