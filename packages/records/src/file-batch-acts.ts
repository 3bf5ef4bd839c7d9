import type { JobRequest } from '@sluice/contracts';
import type { LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import {
  bookResults,
  endedChildren,
  feedChild,
  movePhase,
  type Booking,
  type FeedReply,
  type PhaseMove,
  type PhaseReply,
} from './file-batches.ts';
import {
  bookNative,
  moveNative,
  readDone,
  type IsDone,
  type NativeBooking,
} from './native-batches.ts';
import { newShardedId } from './job-id.ts';

/** What records know of batches of files; more on each method stands above the function it calls. */
export interface FileBatchRecords {
  /** A new id of a batch of a file. */
  newBatchId(): string;
  /** Makes the next line of a batch of a file a job with its ticket. */
  feedChild(
    request: JobRequest,
    line: { cursor: number; ticket?: LuaPart | undefined },
  ): Promise<FeedReply>;
  /** The oldest children of a batch of a file that have ended and are in no file. */
  endedChildren(batchId: string, limit: number): Promise<string[]>;
  /** Takes children and lines whose results are in the files out of the batch; `false` if somebody else has been here. */
  bookResults(batchId: string, booking: Booking, files: LuaPart): Promise<boolean>;
  /** A batch of a file goes on to its next phase, exactly once. */
  movePhase(batchId: string, move: PhaseMove): Promise<PhaseReply>;
  /** Books lines that vendors have answered, with their results in the files; `false` if somebody else has been here. */
  bookNative(batchId: string, booking: NativeBooking, files: LuaPart): Promise<boolean>;
  /** The batches at vendors have moved on; `false` if they are no longer what they were. */
  moveNative(batchId: string, move: Parameters<typeof moveNative>[2]): Promise<boolean>;
  /** Which lines that vendors answer are in the files. */
  readDone(batchId: string): Promise<IsDone>;
}

export function fileBatchActs(context: RecordsContext): FileBatchRecords {
  let turn = 0;
  return {
    newBatchId() {
      turn = (turn + 1) % context.shards;
      return newShardedId(context.clock.now(), turn, 'batch');
    },
    feedChild: (request, line) => feedChild(context, request, line),
    endedChildren: (batchId, limit) => endedChildren(context, batchId, limit),
    bookResults: (batchId, booking, files) => bookResults(context, batchId, booking, files),
    movePhase: (batchId, move) => movePhase(context, batchId, move),
    bookNative: (batchId, booking, files) => bookNative(context, batchId, booking, files),
    moveNative: (batchId, move) => moveNative(context, batchId, move),
    readDone: (batchId) => readDone(context, batchId),
  };
}
