import type { BatchSums, LedgerEntry, NativePart } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import type { JobKeys } from './keys.ts';
import { encodeEvent } from './timeline.ts';

const bookScript = loadScript(import.meta.url, 'book-native');
const moveScript = loadScript(import.meta.url, 'move-native');

/** Longer than any batch lasts, which is given up soon after seven days. */
const bitsTtlMs = 8 * 86_400_000;

interface NativeEvent {
  type: string;
  data: Record<string, unknown>;
}

export interface NativeBooking {
  /** Counter of the batch as it was read: if it has moved, nothing is booked. */
  drained: number;
  /** The lines, by their index, whose results are in the files with this. */
  indexes: readonly number[];
  failed: number;
  entries: readonly LedgerEntry[];
  sums: BatchSums;
  event?: NativeEvent | undefined;
}

/** Marks lines as done, books their calls and counts them, in one step with the files: `false` if somebody else has been here. */
export async function bookNative(
  context: RecordsContext,
  batchId: string,
  { drained, indexes, failed, entries, sums, event }: NativeBooking,
  files: LuaPart,
): Promise<boolean> {
  const keys = context.keys.ofJob(batchId);
  if (!keys) return false;
  const reply = await bookScript(
    context.redis,
    [keys.job, keys.timeline, keys.ledger, keys.done],
    [
      drained,
      failed,
      encoded(context, event),
      keys.channel,
      JSON.stringify(sums),
      bitsTtlMs,
      entries.length,
      ...entries.map((entry) => JSON.stringify(entry)),
      ...indexes,
    ],
    files,
  );
  return reply === 1;
}

/** The batches at vendors have moved on; `false` if they were moved by somebody else, or the batch is over. */
export async function moveNative(
  context: RecordsContext,
  batchId: string,
  {
    from,
    to,
    event,
  }: { from: readonly NativePart[]; to: readonly NativePart[]; event?: NativeEvent },
): Promise<boolean> {
  const keys = context.keys.ofJob(batchId);
  if (!keys) return false;
  const reply = await moveScript(
    context.redis,
    [keys.job, keys.timeline],
    [JSON.stringify(from), JSON.stringify(to), encoded(context, event), keys.channel],
  );
  return reply === 1;
}

/** Says of a line, by its index, whether its result is in a file. */
export type IsDone = (index: number) => boolean;

/** The lines that are done, as of now. */
export async function readDone(context: RecordsContext, batchId: string): Promise<IsDone> {
  const keys: JobKeys | undefined = context.keys.ofJob(batchId);
  const bits = keys && (await context.redis.getBuffer(keys.done));
  return (index) => ((bits?.[index >> 3] ?? 0) & (128 >> (index & 7))) !== 0;
}

function encoded({ clock }: RecordsContext, event: NativeEvent | undefined): string {
  return event ? encodeEvent(event.type, clock.now(), event.data) : '';
}
