import { setImmediate } from 'node:timers/promises';

import { parseLine, type ParsedLine } from '@sluice/batches';
import type { Target } from '@sluice/config';
import { SluiceError, type BatchRequest, type NativePart } from '@sluice/contracts';
import type { BatchApi, BatchCall, BatchedRequest } from '@sluice/providers';

import { omitParams } from '../../call/omit-params.ts';
import {
  inputFileOf,
  lineOptions,
  linesOf,
  type FileBatch,
  type FileBatchDeps,
} from '../file/file-batch.ts';
import { nativeTargetOf } from './native-target.ts';
import { withKeyOf } from './part-key.ts';

/** A batch of a file that vendors run, as one step sees it. */
export interface NativeBatch extends FileBatch {
  fileBatch: FileBatch['fileBatch'] & { native: NativePart[] };
}

/** One batch at a vendor, and what its vendor is asked with. */
export interface PartInHand {
  batch: NativeBatch;
  index: number;
  part: NativePart;
  target: Target;
  api: BatchApi;
  signal: AbortSignal;
}

/** Reading and converting a line takes some 50 µs: so many are done before anything else of the process gets its turn. */
const linesAtOnce = 64;

/** @throws SluiceError `model_not_found` where the configuration has no such target any more. */
export async function takeInHand(
  batch: NativeBatch,
  index: number,
  deps: FileBatchDeps,
  signal: AbortSignal,
): Promise<PartInHand> {
  const { config, adapterFor } = deps;
  const part = batch.fileBatch.native[index];
  if (!part) throw new TypeError(`${batch.jobId} has no part ${index}`);
  const { provider, model, type } = part;
  const targets = Object.values(config.routes[type]).flatMap((route) => route.targets);
  const found = targets.find((each) => each.provider.name === provider && each.model === model);
  const api = found && adapterFor(found.provider.kind).batches;
  if (found && api) {
    const target = await withKeyOf(found, part, deps);
    return { batch, index, part, target, api, signal };
  }
  const message = `no model of the configuration is ${model} of ${provider} any more`;
  throw new SluiceError('model_not_found', message, { param: 'model' });
}

export function callOf({ target, signal }: PartInHand, sendBy?: BatchCall['sendBy']): BatchCall {
  return { target, signal, ...(sendBy && { sendBy }) };
}

/** What the batch is known by at its vendor; the custom ids of its lines begin with it. */
export function markerOf({ batch, index }: PartInHand): string {
  return `${batch.jobId}_p${index}`;
}

/** The index of the line that a custom id is of; `undefined` for a line of another batch. */
export function indexIn(customId: string, inHand: PartInHand): number | undefined {
  const marker = `${markerOf(inHand)}_`;
  const digits = customId.startsWith(marker) ? customId.slice(marker.length) : '';
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** In these nothing of a part is bought, nor will be before it is sent again. */
const unboughtStates: readonly NativePart['state'][] = ['planned', 'failed', 'dropped'];

/**
 * The part has moved on, and this step with it: `false` where somebody else was faster, who goes on then. What was set aside for
 * one that is no longer at its vendor goes back to the budgets. `more` are parts that are split off from it.
 */
export async function movePart(
  inHand: PartInHand,
  changes: Partial<NativePart>,
  { records, budgets }: Pick<FileBatchDeps, 'records' | 'budgets'>,
  { event, more = [] }: { event?: NativeEvent | undefined; more?: readonly NativePart[] } = {},
): Promise<boolean> {
  const { batch, index } = inHand;
  const { state } = changes;
  if (state && unboughtStates.includes(state)) await budgets.release(markerOf(inHand));
  const from = batch.fileBatch.native;
  const part = { ...inHand.part, ...changes };
  const to = [...from.with(index, part), ...more];
  const moved = await records.moveNative(batch.jobId, { from, to, ...(event && { event }) });
  if (!moved) return false;
  inHand.part = part;
  inHand.batch = { ...batch, fileBatch: { ...batch.fileBatch, native: to } };
  return true;
}

interface NativeEvent {
  type: string;
  data: Record<string, unknown>;
}

/** A line of the input file as one of a batch at a vendor. */
export interface PartLine {
  index: number;
  /** Where it begins in the file. */
  cursor: number;
  parsed: ParsedLine;
  request: BatchedRequest;
}

/** The lines of a part, or those of a stretch of it. What the configuration no longer knows is passed over. */
export async function* linesOfPart(
  inHand: PartInHand,
  deps: FileBatchDeps,
  { from, cursor, to }: Pick<NativePart, 'from' | 'cursor' | 'to'> = inHand.part,
): AsyncGenerator<PartLine> {
  const { batch, target } = inHand;
  const file = await inputFileOf(batch, deps);
  const options = lineOptions(batch, deps);
  let [index, start] = [from, cursor];
  for await (const line of file ? linesOf(file, cursor, deps) : []) {
    if (index >= to) return;
    const parsed = parsedOr(() => parseLine(line, options));
    const found = parsed && parsedOr(() => nativeTargetOf(parsed.request, deps));
    if (parsed && found && isSame(found.target, target)) {
      const request = batchedRequest(parsed.request, target, `${markerOf(inHand)}_${index}`);
      if (request.type === inHand.part.type) yield { index, cursor: start, parsed, request };
    }
    [index, start] = [index + 1, line.end];
    if (index % linesAtOnce === 0) await setImmediate();
  }
}

function parsedOr<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function isSame(one: Target, other: Target): boolean {
  return one.provider.name === other.provider.name && one.model === other.model;
}

/** @throws SluiceError for a request that no vendor has batches for. */
export function batchedRequest(
  request: BatchRequest,
  target: Target,
  customId: string,
): BatchedRequest {
  const input = omitParams(request, target);
  // Only optional fields were left out: it is still the input of that type.
  switch (request.type) {
    case 'chat':
      return { target, customId, type: 'chat', input: input as typeof request.input };
    case 'embedding':
      return { target, customId, type: 'embedding', input: input as typeof request.input };
    default: {
      const message = `no vendor has batches of type "${request.type}"`;
      throw new SluiceError('invalid_request', message);
    }
  }
}
