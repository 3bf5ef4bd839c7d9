import type { BatchPhase, BatchSums, JobRequest, JobState } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { nextCheckAt } from './next-check.ts';
import { sealRequest } from './seal-record.ts';
import { encodeEvent } from './timeline.ts';

const feedScript = loadScript(import.meta.url, 'feed-child', ['count-load']);
const bookScript = loadScript(import.meta.url, 'book-results');
const moveScript = loadScript(import.meta.url, 'move-phase');

export type FeedReply = 'fed' | 'known' | 'gap' | 'over' | 'full';

/**
 * Makes a line of a file's batch a job, with its ticket if it needs one; `cursor` is the place in the file behind it. Lines are sent one
 * after the other without waiting for replies: one that comes too early is told so (`gap`) and is sent again.
 */
export async function feedChild(
  context: RecordsContext,
  request: JobRequest,
  { cursor, ticket }: { cursor: number; ticket?: LuaPart | undefined },
): Promise<FeedReply> {
  const keys = context.keys.ofJob(request.jobId);
  if (!keys?.parent || !request.batch) throw new TypeError(`${request.jobId} is no child's id`);
  const reply = await feedScript(
    context.redis,
    [keys.job, keys.live, keys.parent.children, keys.parent.job, keys.loads],
    [
      request.jobId,
      nextCheckAt(request, context.clock.now()),
      request.batch.index,
      request.tenantId,
      cursor,
      context.config.caps?.maxQueuedJobs ?? '',
      context.shards,
      ...(await sealRequest(context, request)),
    ],
    ticket,
  );
  // The replies that feed-child.lua lists.
  return reply as FeedReply;
}

/** Ids of a batch's children that have ended and are in no file, in the order of their ends. */
export async function endedChildren(
  context: RecordsContext,
  batchId: string,
  limit: number,
): Promise<string[]> {
  const keys = context.keys.ofJob(batchId);
  return keys ? await context.redis.lrange(keys.ended, 0, limit - 1) : [];
}

export interface Booking {
  /** Counters of the batch as they were read: if one has moved, nothing is booked. */
  drained: number;
  fed: number;
  /** The first of {@link endedChildren}, whose results are in the files with this. */
  childIds: readonly string[];
  /** Lines that became no job, and the place in the file behind them. */
  writtenOff?: { lines: number; cursor: number };
  sums: BatchSums;
  event?: { type: string; data: Record<string, unknown> } | undefined;
}

/** Takes what is in the files out of the batch, in one step with the files: `false` if somebody else has been here. */
export async function bookResults(
  context: RecordsContext,
  batchId: string,
  { drained, fed, childIds, writtenOff, sums, event }: Booking,
  files: LuaPart,
): Promise<boolean> {
  const keys = context.keys.ofJob(batchId);
  if (!keys) return false;
  const left = childIds.flatMap((childId) => {
    const child = context.keys.ofJob(childId);
    return child ? [child.job, child.timeline, child.deltas] : [];
  });
  const reply = await bookScript(
    context.redis,
    [keys.job, keys.timeline, keys.children, keys.ended, ...left],
    [
      drained,
      fed,
      childIds.length,
      writtenOff?.lines ?? 0,
      writtenOff?.cursor ?? 0,
      event ? encodeEvent(event.type, context.clock.now(), event.data) : '',
      keys.channel,
      JSON.stringify(sums),
      ...childIds,
    ],
    files,
  );
  return reply === 1;
}

export interface PhaseMove {
  from: readonly BatchPhase[];
  to: BatchPhase;
  /** Fields that are set with it, as the record's hash has them. */
  fields?: Readonly<Record<string, string | number>>;
  event: { type: string; data?: Record<string, unknown> };
  files?: LuaPart | undefined;
}

export type PhaseReply =
  | { kind: 'moved' }
  | { kind: 'refused'; phase: BatchPhase; state: JobState }
  | { kind: 'missing' };

/** The batch goes on to its next phase, exactly once. */
export async function movePhase(
  context: RecordsContext,
  batchId: string,
  { from, to, fields = {}, event, files }: PhaseMove,
): Promise<PhaseReply> {
  const keys = context.keys.ofJob(batchId);
  if (!keys) return { kind: 'missing' };
  const encoded = encodeEvent(event.type, context.clock.now(), event.data);
  const reply = await moveScript(
    context.redis,
    [keys.job, keys.timeline],
    [`,${from.join(',')},`, to, encoded, keys.channel, ...Object.entries(fields).flat()],
    files,
  );
  // The replies that move-phase.lua lists.
  const [kind, phase, state] = reply as ['moved' | 'missing'] | ['refused', BatchPhase, JobState];
  return kind === 'refused' ? { kind, phase, state } : { kind };
}
