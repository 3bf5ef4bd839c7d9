import { customIdIn, lostLine, parseLine, type Line } from '@sluice/batches';
import { childJobId, type ErrorData, type NativePart } from '@sluice/contracts';

import { inputFileOf, lineOptions, linesOf, type FileBatchDeps } from '../file/file-batch.ts';
import { unrunReasons } from '../file/write-off.ts';
import type { NativeBatch } from './native-batch.ts';
import { NativeBooker, Overtaken } from './native-booker.ts';
import { nativeTargetOf } from './native-target.ts';

type Reason = Pick<ErrorData, 'message'> & { code: string };

/** Nothing more comes from any vendor: what has no result goes to the error file, with why. */
export async function writeRest(batch: NativeBatch, deps: FileBatchDeps): Promise<void> {
  const isDone = await deps.records.readDone(batch.jobId);
  const booker = new NativeBooker(batch, deps);
  const file = await inputFileOf(batch, deps);
  let index = 0;
  try {
    for await (const line of file ? linesOf(file, 0, deps) : []) {
      if (!isDone(index)) {
        const id = childJobId(batch.jobId, index);
        const reason = reasonFor(batch, line, index, deps);
        await booker.add({ index, line: lostLine(id, customIdIn(line.bytes) ?? '', reason) });
      }
      index += 1;
    }
    await booker.flush();
  } catch (thrown) {
    if (!(thrown instanceof Overtaken)) throw thrown;
  }
}

function reasonFor(batch: NativeBatch, line: Line, index: number, deps: FileBatchDeps): Reason {
  const part = partOf(batch, line, index, deps);
  if (part?.error) return part.error;
  const { ending } = batch.fileBatch;
  if (ending) return unrunReasons[ending];
  if (part?.isExpired) {
    const message = `${part.provider} did not answer this line before its time was over`;
    return { code: 'expired', message };
  }
  const whose = part ? part.provider : 'no vendor';
  return { code: 'bad_upstream', message: `${whose} gave no result of this line` };
}

/** The part that the line is in; where several are of the same stretch, the one of its target. */
function partOf(
  batch: NativeBatch,
  line: Line,
  index: number,
  deps: FileBatchDeps,
): NativePart | undefined {
  const around = batch.fileBatch.native.filter(({ from, to }) => from <= index && index < to);
  if (around.length < 2) return around[0];
  try {
    const { request } = parseLine(line, lineOptions(batch, deps));
    const { target } = nativeTargetOf(request, deps);
    return around.find(
      ({ provider, model, type }) =>
        provider === target.provider.name && model === target.model && type === request.type,
    );
  } catch {
    return undefined;
  }
}
