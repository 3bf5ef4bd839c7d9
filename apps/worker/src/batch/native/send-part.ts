import { SluiceError, type NativePart } from '@sluice/contracts';
import type { BatchBody } from '@sluice/providers';

import type { FileBatchDeps } from '../file/file-batch.ts';
import { reservePart } from './part-budget.ts';
import { keyNoteOf, passKeyOn } from './part-key.ts';
import { callOf, linesOfPart, markerOf, movePart, type PartInHand } from './native-batch.ts';
import { nextPause, sendWithinMs, settledAfterMs } from './pauses.ts';

/**
 * Buys a part that its budgets have room for: its lines are uploaded where the vendor takes them apart, then it is marked as
 * `sending`, then the batch is created.
 * A failure that leaves it open whether there is a batch now leaves the part as `sending`: the next step looks for it.
 */
export async function sendPart(inHand: PartInHand, deps: FileBatchDeps): Promise<void> {
  const { api } = inHand;
  try {
    const body = await measure(inHand, deps);
    const held = await reservePart(inHand, deps);
    if (held) {
      await movePart(inHand, held, deps);
      return;
    }
    const key = keyNoteOf(inHand.target);
    if (api.upload && inHand.part.uploadId === undefined) {
      const uploadId = await api.upload(callOf(inHand), body);
      if (!(await movePart(inHand, { uploadId, ...key }, deps))) return;
    }
    const sendingAtMs = deps.clock.now();
    const nextMs = sendingAtMs + settledAfterMs(deps);
    const sending = { state: 'sending', sendingAtMs, nextMs, ...key } as const;
    if (!(await movePart(inHand, sending, deps))) return;
    await create(inHand, body, deps);
  } catch (thrown) {
    await noteFailure(inHand, SluiceError.from(thrown), deps);
  }
}

async function create(inHand: PartInHand, body: BatchBody, deps: FileBatchDeps): Promise<void> {
  const { api, part } = inHand;
  const { jobId } = inHand.batch;
  const sendBy = {
    ms: (part.sendingAtMs ?? 0) + sendWithinMs(deps),
    // Still long before anybody asks whether it has left.
    onLate: () => deps.log.warn({ jobId, provider: part.provider }, 'a batch was sent late'),
  };
  const { id } = await api.create(callOf(inHand, sendBy), {
    body,
    uploadId: part.uploadId,
    marker: markerOf(inHand),
  });
  await keepSent(inHand, id, deps);
}

/** The vendor has it: nothing else is done before that is in the record. */
export async function keepSent(
  inHand: PartInHand,
  vendorId: string,
  deps: FileBatchDeps,
): Promise<void> {
  const { provider, model, lines } = inHand.part;
  const data = { provider, model, lines, upstream_id: vendorId };
  const pause = nextPause({}, deps);
  const event = { type: 'batch.sent', data };
  await movePart(inHand, { state: 'sent', vendorId, ...pause }, deps, { event });
}

/** Refused for good, or to be tried again: in the state that the part has come to. */
async function noteFailure(
  inHand: PartInHand,
  error: SluiceError,
  deps: FileBatchDeps,
): Promise<void> {
  const { provider, state } = inHand.part;
  const { jobId } = inHand.batch;
  deps.log.warn({ jobId, provider, state, code: error.code }, 'a batch was not sent');
  if (inHand.signal.aborted) return;
  if (await passKeyOn(inHand.target, error, deps)) {
    inHand.part = withoutKey(inHand.part);
    await movePart(inHand, { state: 'planned', nextMs: 0 }, deps);
  } else if (!error.retryable) {
    await movePart(inHand, { state: 'failed', error: error.toJSON() }, deps);
  } else if (state === 'planned') {
    await movePart(inHand, nextPause(inHand.part, deps), deps);
  }
}

/** What one key has uploaded another cannot send. */
function withoutKey({ keyId: _keyId, uploadId: _uploadId, ...part }: NativePart): NativePart {
  return part;
}

/** The lines as they are sent. They are converted twice, so that they need not be kept: once to know how many bytes they are. */
async function measure(inHand: PartInHand, deps: FileBatchDeps): Promise<BatchBody> {
  const { api, part } = inHand;
  const lines = async function* () {
    for await (const { request } of linesOfPart(inHand, deps)) {
      const encoded = encodedOr(() => api.encode(request));
      if (encoded !== undefined) yield encoded;
    }
  };
  let [count, bytes] = [0, 0];
  for await (const line of lines()) {
    count += 1;
    bytes += Buffer.byteLength(line);
  }
  if (count > 0) return { type: part.type, count, bytes, lines };
  const message = 'no line is for this target any more: the configuration has changed';
  throw new SluiceError('model_not_found', message);
}

/** A line that its target can take no more is not sent, and written off in the end. */
function encodedOr(encode: () => string): string | undefined {
  try {
    return encode();
  } catch {
    return undefined;
  }
}
