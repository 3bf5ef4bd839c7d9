import { SluiceError, type NativePart } from '@sluice/contracts';

import { inputFileOf, type FileBatch, type FileBatchDeps } from '../file/file-batch.ts';
import { forgetRest } from '../file/write-off.ts';
import { collectPart } from './collect-part.ts';
import { endPart } from './end-part.ts';
import { findSent } from './find-sent.ts';
import { movePart, takeInHand, type NativeBatch, type PartInHand } from './native-batch.ts';
import { isHeldBack } from './make-room.ts';
import { isGivenUp } from './pauses.ts';
import { pollPart } from './poll-part.ts';
import { sendPart } from './send-part.ts';
import { writeRest } from './write-rest.ts';

/** What a step has come to: something was done, or there is nothing to do for so long. */
export type NativeStep = 'done' | { idleMs: number };

/** Whether vendors run the batch. */
export function isNative(batch: FileBatch): batch is NativeBatch {
  return batch.fileBatch.native !== undefined;
}

/**
 * One step of a batch that vendors run: of the first of its parts for which something can be done now. See {@link NativePart} for
 * their states, and what is left by a step that was cut short:
 *
 * | cut short                               | what is left                                                                  |
 * |-----------------------------------------|-------------------------------------------------------------------------------|
 * | while its file is uploaded              | a file at the vendor that no batch is made of; it is uploaded again            |
 * | between `sending` and the vendor's reply| perhaps a batch at the vendor: it is looked for before another is sent        |
 * | between the reply and storing its id    | a batch at the vendor: the same                                               |
 * | while results are read                  | some are in the files and marked as done; they are read again without these   |
 * | while what has no answer is written off | the same                                                                      |
 */
export async function runNative(
  batch: NativeBatch,
  deps: FileBatchDeps,
  signal: AbortSignal,
): Promise<NativeStep> {
  const parts = batch.fileBatch.native;
  if (!(await inputFileOf(batch, deps))) {
    await forgetRest(batch, deps);
    return 'done';
  }
  const nowMs = deps.clock.now();
  const isWaiting = (part: NativePart) => !isOver(part) && !isHeldBack(part, parts);
  const isDue = (part: NativePart) => isWaiting(part) && (part.nextMs ?? 0) <= nowMs;
  const isCut = batch.fileBatch.ending !== undefined;
  const due = parts.findIndex((part) => isDue(part) || (isCut && mustEnd(part)));
  if (due !== -1) {
    await takeStepOf(batch, due, deps, signal);
    return 'done';
  }
  if (parts.every(isOver)) {
    await writeRest(batch, deps);
    return 'done';
  }
  const next = Math.min(...parts.filter(isWaiting).map(({ nextMs = 0 }) => nextMs));
  // A batch that is out of time must be told so in time.
  const wakeMs = isCut ? next : Math.min(next, batch.startByMs + 1);
  return { idleMs: Math.max(1, wakeMs - nowMs) };
}

function isOver({ state }: NativePart): boolean {
  return state === 'collected' || state === 'failed' || state === 'dropped';
}

/** Of a batch that is cancelled or out of time, what was not told so yet. */
function mustEnd({ state, endingAtMs }: NativePart): boolean {
  return state === 'planned' || (state === 'sent' && endingAtMs === undefined);
}

async function takeStepOf(
  batch: NativeBatch,
  index: number,
  deps: FileBatchDeps,
  signal: AbortSignal,
): Promise<void> {
  let inHand: PartInHand;
  try {
    inHand = await takeInHand(batch, index, deps, signal);
  } catch (thrown) {
    const error = SluiceError.from(thrown).toJSON();
    const from = batch.fileBatch.native;
    const to = from.map((part, i) =>
      i === index ? { ...part, state: 'failed' as const, error } : part,
    );
    await deps.records.moveNative(batch.jobId, { from, to });
    return;
  }
  const isCut = batch.fileBatch.ending !== undefined;
  switch (inHand.part.state) {
    case 'planned':
      if (isCut) await movePart(inHand, { state: 'dropped' }, deps);
      else await sendPart(inHand, deps);
      return;
    case 'sending':
      if (isGivenUp(batch, deps)) await movePart(inHand, { state: 'dropped' }, deps);
      else await findSent(inHand, deps);
      return;
    case 'sent':
      await (isCut ? endPart(inHand, deps) : pollPart(inHand, deps));
      return;
    case 'collecting':
      await collectPart(inHand, deps);
      return;
    case 'collected':
    case 'failed':
    case 'dropped':
      return;
  }
}
