import type { BatchCall, OnLines } from './batch-api.ts';
import { callUpstream, type CallContext, type UpstreamRequest } from '../http/call-upstream.ts';
import type { HttpClient } from '../http/http-client.ts';
import { LineChunkReader } from '../http/line-chunk-reader.ts';
import type { Judge } from '../http/upstream-error.ts';

/** Nobody waits for these: a vendor may take its time, above all with a file of some hundred mebibytes. */
const timeouts = { firstByteMs: 600_000, idleMs: 60_000 };

/** Results are read a line at a time: they are never in memory. */
const maxResultBytes = 64 * 2 ** 30;

/** What a call about a batch is made in. */
export function batchContext(http: HttpClient, call: BatchCall, judge?: Judge): CallContext {
  const { target, signal } = call;
  const provider = { ...target.provider, timeouts };
  return { http, target: { ...target, provider }, signal, judge };
}

/** Reads the lines of results; see `BatchApi.readResults`. */
export async function readResultLines(
  context: CallContext,
  request: Pick<UpstreamRequest, 'path' | 'headers'>,
  onLines: OnLines,
): Promise<void> {
  await callUpstream(
    context,
    { method: 'GET', maxReplyBytes: maxResultBytes, ...request },
    { whole: () => new LineChunkReader(onLines) },
  );
}
