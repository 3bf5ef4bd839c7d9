import type { NativePart } from '@sluice/contracts';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { linesOfPart, movePart, type PartInHand } from './native-batch.ts';
import { sumOf, tokensOf, tokensOfLine } from './part-tokens.ts';
import { nextPause } from './pauses.ts';

/** No part is made of fewer tokens than this: what finds no room then waits for that of others. */
const leastTokens = 5_000;
/** Our count of tokens and the vendor's are not the same. */
const reserve = 0.8;
const limitPattern = /limit: ([\d,]+)/i;

/**
 * The vendor has no room for the part: too many tokens of the model wait there. Where others of this batch do, it is their end that
 * it waits for; where it was alone, it is too large, and is divided into pieces within the limit that the vendor has named, or into
 * halves. It goes on so until the batch is out of time.
 */
export async function makeRoom(
  inHand: PartInHand,
  said: string,
  deps: FileBatchDeps,
): Promise<void> {
  const { batch, index } = inHand;
  const { counts: _counts, ...part } = inHand.part;
  inHand.part = part;
  const waiting = { state: 'planned', isTight: true, ...nextPause(part, deps) } as const;
  const { provider, model } = part;
  deps.log.warn({ jobId: batch.jobId, provider, model }, 'a vendor has no room for a batch');
  const others = batch.fileBatch.native.filter((_, i) => i !== index);
  if (others.some((other) => isThere(other) && isSameTarget(other, part))) {
    await movePart(inHand, waiting, deps);
    return;
  }
  const tokens = await tokensOf(inHand, deps);
  const limit = Number(limitPattern.exec(said)?.[1]?.replaceAll(',', '') ?? Infinity);
  const most = Math.min(limit * reserve, tokens.input / 2);
  const pieces = most < leastTokens ? [] : await divide(inHand, most, deps);
  const [first, ...more] = pieces;
  if (!first || more.length === 0) {
    await movePart(inHand, { ...waiting, tokens }, deps);
    return;
  }
  const { uploadId: _uploadId, vendorId: _vendorId, pauseMs: _pauseMs, ...rest } = part;
  inHand.part = rest;
  const event = { type: 'batch.divided', data: { provider, model, parts: pieces.length } };
  await movePart(inHand, { ...first, nextMs: 0 }, deps, { event, more });
}

/** A piece of what had no room is not sent before it is known whether the one before it has found some. */
export function isHeldBack(part: NativePart, parts: readonly NativePart[]): boolean {
  if (part.state !== 'planned' || !part.isTight) return false;
  const first = parts.find((each) => each.state === 'planned' && isSameTarget(each, part));
  const isUnsure = (each: NativePart) =>
    isSameTarget(each, part) &&
    (each.state === 'sending' || (each.state === 'sent' && each.counts === undefined));
  return first !== part || parts.some(isUnsure);
}

/** Its lines in stretches that follow each other, none of more tokens of input than `most` unless it is a single line. */
async function divide(
  inHand: PartInHand,
  most: number,
  deps: FileBatchDeps,
): Promise<NativePart[]> {
  const { provider, model, type, to } = inHand.part;
  const pieces: NativePart[] = [];
  let open: NativePart | undefined;
  for await (const line of linesOfPart(inHand, deps)) {
    const tokens = await tokensOfLine(inHand, line, deps);
    const { index: from, cursor } = line;
    const sum = open?.tokens && sumOf(open.tokens, tokens);
    if (open && sum && sum.input <= most) {
      open.tokens = sum;
      open.lines += 1;
      continue;
    }
    if (open) open.to = from;
    open = { state: 'planned', provider, model, type, from, cursor, to, lines: 1, tokens };
    open.isTight = true;
    pieces.push(open);
  }
  return pieces;
}

function isThere({ state }: NativePart): boolean {
  return state === 'sending' || state === 'sent' || state === 'collecting';
}

function isSameTarget(one: NativePart, other: NativePart): boolean {
  return one.provider === other.provider && one.model === other.model;
}
