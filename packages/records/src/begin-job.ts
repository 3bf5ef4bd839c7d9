import type { JobRecord, TerminalState, UpstreamHandle } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { decodeRecord, fieldsOfPairs } from './record-codec.ts';
import { encodeEvent, maxTimelineEvents } from './timeline.ts';

const script = loadScript(import.meta.url, 'begin-job');

export type BeginReply =
  | { kind: 'run'; record: JobRecord }
  /** With what was kept of its call, which may go on. */
  | { kind: 'ended'; state: TerminalState; upstream?: UpstreamHandle }
  /** The ticket was for an earlier target; the job has a newer one. */
  | { kind: 'superseded' }
  | { kind: 'missing' };

/**
 * A worker starts on a ticket: any live state becomes `in_progress`, and the whole record comes back in the same call.
 * `targetIndex` is the target that the ticket is for; without it any will do. `started` is given the ticket's rank.
 * A job found `in_progress` lost its last worker: `interruptions` grows by one and the timeline says `interrupted`.
 */
export async function beginJob(
  context: RecordsContext,
  jobId: string,
  targetIndex?: number,
  started?: LuaPart,
): Promise<BeginReply> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return { kind: 'missing' };
  const now = context.clock.now();
  const reply = await script(
    context.redis,
    [keys.job, keys.timeline, keys.ledger],
    [
      now,
      encodeEvent('in_progress', now),
      encodeEvent('interrupted', now),
      maxTimelineEvents,
      targetIndex ?? '',
      jobId,
    ],
    started,
  );
  // The replies that begin-job.lua lists.
  const [kind, value, upstream] = reply as
    | ['run', string[], undefined]
    | ['ended', TerminalState, string]
    | ['superseded' | 'missing', undefined, undefined];
  if (kind === 'ended') {
    // Written by storeUpstream.
    return {
      kind,
      state: value,
      ...(upstream && { upstream: JSON.parse(upstream) as UpstreamHandle }),
    };
  }
  if (kind === 'superseded') return { kind };
  const record = kind === 'run' ? decodeRecord(fieldsOfPairs(value)) : undefined;
  return record ? { kind: 'run', record } : { kind: 'missing' };
}
