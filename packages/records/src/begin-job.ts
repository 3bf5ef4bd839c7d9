import type { JobRecord, TerminalState, UpstreamHandle } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { fieldsOfPairs } from './record-codec.ts';
import { openRecord } from './seal-record.ts';
import { encodeEvent, maxTimelineEvents } from './timeline.ts';

const script = loadScript(import.meta.url, 'begin-job', ['count-load', 'is-live', 'spend-time'], {
  together: 'soon',
});
const dropScript = loadScript(import.meta.url, 'drop-run');
const holdScript = loadScript(import.meta.url, 'read-hold', [], { together: true });

export type BeginReply =
  | { kind: 'run'; record: JobRecord }
  /** Another run has the job: its worker must be known to be dead before this one takes over. */
  | { kind: 'held'; record: JobRecord }
  /** With what was kept of its call, which may go on, and the index of its target. */
  | { kind: 'ended'; state: TerminalState; targetIndex: number; upstream?: UpstreamHandle }
  /** The ticket was for an earlier target or try; the job has a newer one. */
  | { kind: 'superseded' }
  /** As many jobs of its tenant run as may; the ticket is to come back after `waitMs`. */
  | { kind: 'full'; waitMs: number }
  | { kind: 'missing' };

export interface BeginOptions {
  /** The target that the ticket is for; without it any will do. */
  targetIndex?: number;
  /** The retry that the ticket is for; without it any will do. */
  retry?: number;
  /** This run: see HeldTicket. Without it the run can be taken over by any other. */
  run?: string;
  /** The run whose worker is known to be dead. */
  takeOver?: string;
  /** Is given the ticket's rank, in the same step. */
  started?: LuaPart;
}

/**
 * A worker starts on a ticket: any live state becomes `in_progress`, and the whole record comes back in the same call. From
 * then on the job is this run's, whatever becomes of the ticket's lock:
 *
 * | found                              | reply  | moved                                             |
 * |------------------------------------|--------|---------------------------------------------------|
 * | queued, paused                     | run    | in_progress, this run's                           |
 * | in_progress, this run's            | run    | nothing: the call was sent again                  |
 * | in_progress, another run's         | held   | nothing                                           |
 * | in_progress, of the run taken over | run    | this run's; one more interruption in the timeline |
 *
 * A run that was taken over moves nothing any more: requeue, pause and a failed end are refused by its name. Only a result
 * counts whoever brings it, because it is paid for.
 */
export async function beginJob(
  context: RecordsContext,
  jobId: string,
  options: BeginOptions = {},
): Promise<BeginReply> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return { kind: 'missing' };
  const now = context.clock.now();
  const reply = await script(
    context.redis,
    [keys.job, keys.timeline, keys.ledger, keys.loads],
    [
      now,
      encodeEvent('in_progress', now),
      encodeEvent('interrupted', now),
      maxTimelineEvents,
      options.targetIndex ?? '',
      options.retry ?? '',
      options.run ?? '',
      options.takeOver ?? '',
      jobId,
      context.config.caps?.maxConcurrency ?? '',
      context.shards,
      keys.channel,
    ],
    options.started,
  );
  const [kind, text] = reply as ['run' | 'held', string] | Refusal;
  if (kind !== 'run' && kind !== 'held') return decodeRefusal(reply as Refusal);
  const record = await openRecord(context, jobId, fieldsOfPairs(text.split('\0')));
  return record ? { kind, record } : { kind: 'missing' };
}

/** The other replies that begin-job.lua lists. */
type Refusal =
  | ['ended', TerminalState, string, string]
  | ['full', number]
  | ['superseded' | 'missing'];

function decodeRefusal([kind, value, upstream, target]: Refusal): BeginReply {
  switch (kind) {
    case 'ended':
      return {
        kind,
        state: value,
        targetIndex: Number(target),
        // Written by storeUpstream.
        ...(upstream && { upstream: JSON.parse(upstream) as UpstreamHandle }),
      };
    case 'full':
      return { kind, waitMs: value };
    case 'superseded':
    case 'missing':
      return { kind };
  }
}

/** `ended`: the job was ended while the run had it, by a cancel or a deadline. `lost`: another has it, or had it, or it is gone. */
export type Hold = 'held' | 'ended' | 'lost';

/** Whether the run still has its job. Those that are asked of in one turn of the event loop are asked of in one command. */
export async function holdOf(context: RecordsContext, jobId: string, run: string): Promise<Hold> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return 'lost';
  // The replies that read-hold.lua lists.
  return (await holdScript(context.redis, [keys.job], [run])) as Hold;
}

/** A worker lost the run by a defect of ours: whoever takes the ticket next takes over, and counts an interruption. */
export async function dropRun(context: RecordsContext, jobId: string, run: string): Promise<void> {
  const keys = context.keys.ofJob(jobId);
  if (keys) await dropScript(context.redis, [keys.job], [run]);
}
