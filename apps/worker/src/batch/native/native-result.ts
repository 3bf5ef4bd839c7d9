import { childRequest, resultLine } from '@sluice/batches';
import { SluiceError, type ErrorData, type JobRecord } from '@sluice/contracts';
import { exactCostOf, ledgerEntry, promptCacheSavings, type Spent } from '@sluice/metering';
import type { VendorResult } from '@sluice/providers';

import { estimateOf } from '../../meter/estimate-of.ts';
import { lineOptions, type FileBatchDeps } from '../file/file-batch.ts';
import type { PartInHand, PartLine } from './native-batch.ts';
import type { NativeResult } from './native-booker.ts';

/** A line with its answer: what the job would be that it would have been, its line of a file, and its call in the ledger. */
export async function nativeResult(
  inHand: PartInHand,
  line: PartLine,
  answer: VendorResult,
  deps: FileBatchDeps,
): Promise<NativeResult> {
  const asked = jobOf(inHand, line, deps);
  try {
    return await succeeded(inHand, asked, { line, answer }, deps);
  } catch (thrown) {
    return failed(inHand, asked, { line, error: SluiceError.from(thrown) }, deps);
  }
}

function jobOf(
  { batch, part, target }: PartInHand,
  line: PartLine,
  deps: FileBatchDeps,
): JobRecord {
  const { request, customId, endpoint, response } = line.parsed;
  const place = { index: line.index, customId, endpoint, response, createdAtMs: batch.createdAtMs };
  return {
    ...childRequest(batch, request, place, () => ({ lane: target.lane })),
    state: 'in_progress',
    attempts: [],
    targetIndex: 0,
    interruptions: 0,
    calls: 0,
    retries: 0,
    startedAtMs: part.sendingAtMs ?? batch.createdAtMs,
    endedAtMs: deps.clock.now(),
  };
}

interface Answered {
  line: PartLine;
  answer: VendorResult;
}

/** @throws SluiceError what the vendor says in place of a reply. */
async function succeeded(
  inHand: PartInHand,
  asked: JobRecord,
  { line, answer }: Answered,
  deps: FileBatchDeps,
): Promise<NativeResult> {
  const { target, api } = inHand;
  const reply = answer.reply(line.request);
  const usage = reply.usage ?? (await estimateOf(asked.input, reply.result));
  const costUsd = exactCostOf(usage, target.price, api.priceFactor);
  const job: JobRecord = {
    ...asked,
    state: 'completed',
    result: reply.result,
    ...(usage && { usage }),
    costUsd,
    cache: { status: 'off' },
  };
  const entry = entryOf(inHand, job, {
    outcome: 'succeeded',
    usage,
    costUsd,
    priceVersion: target.priceVersion,
    promptCacheSavedUsd: promptCacheSavings(usage, target.price, api.priceFactor),
  });
  const { formats } = lineOptions(inHand.batch, deps);
  return { index: line.index, line: resultLine(job, formats), job, entry };
}

function failed(
  inHand: PartInHand,
  asked: JobRecord,
  { line, error }: { line: PartLine; error: SluiceError },
  deps: FileBatchDeps,
): NativeResult {
  const data: ErrorData = error.toJSON();
  const job: JobRecord = { ...asked, state: 'failed', error: data, costUsd: '0' };
  const { formats } = lineOptions(inHand.batch, deps);
  const spent = { outcome: 'failed', errorCode: error.code, costUsd: '0' } as const;
  return {
    index: line.index,
    line: resultLine(job, formats),
    job,
    entry: entryOf(inHand, job, spent),
  };
}

function entryOf(
  { target }: PartInHand,
  job: JobRecord,
  spent: Omit<Spent, 'startedAtMs' | 'endedAtMs'>,
) {
  const { startedAtMs = 0, endedAtMs = 0, model: name } = job;
  const callee = { name, provider: target.provider.name, model: target.model };
  return ledgerEntry(job, callee, { startedAtMs, endedAtMs, priceClass: 'batch', ...spent });
}
