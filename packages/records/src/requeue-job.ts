import type { Attempt, JobPhase, LedgerEntry, Move, Routing, WaitingOn } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { encodeEvent } from './timeline.ts';

const requeueScript = loadScript(import.meta.url, 'requeue-job', ['count-load', 'spend-time']);

export interface RequeueOptions {
  /** Why the job does not run now; shown until it runs again. */
  waitingOn?: WaitingOn;
  /** The attempt that has just ended, if the run came to one. */
  attempt?: Attempt;
  /** The call of the run, for the ledger. */
  entry?: LedgerEntry | undefined;
  /** The next target, on fallback. The upstream handle belonged to the target before it and is dropped. */
  targetIndex?: number;
  /** The next target's lane. */
  lane?: string;
  /** The run that gives it back: one that was taken over moves nothing. */
  run?: string;
  /** All targets that the job has left, on fallback. */
  moves?: Move[];
  routing?: Routing;
  /** Places the ticket for the next target, in the same step. */
  ticket?: LuaPart;
}

/**
 * `in_progress` becomes `queued`: on wait, retry and fallback. `true`: the job is queued and needs its ticket; so also
 * when it was queued before, because a call whose reply was lost is sent again. `false`: it has ended, is gone or paused,
 * and the ticket has nothing left to do.
 * `startedAtMs` stays only if the job had an attempt or was interrupted in one: a job that just waits has not started.
 */
export async function requeueJob(
  context: RecordsContext,
  jobId: string,
  options: RequeueOptions,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const { waitingOn, attempt, targetIndex, lane, entry } = options;
  const fields: string[] = [];
  if (waitingOn) fields.push('waitingOn', JSON.stringify(waitingOn));
  if (targetIndex !== undefined) fields.push('targetIndex', String(targetIndex));
  if (lane !== undefined) fields.push('lane', lane);
  if (options.moves) fields.push('moves', JSON.stringify(options.moves));
  if (options.routing) fields.push('routing', JSON.stringify(options.routing));
  const now = context.clock.now();
  const reply = await requeueScript(
    context.redis,
    [keys.job, keys.timeline, keys.ledger, keys.loads],
    [
      encodeEvent('queued', now, eventData(options)),
      attempt ? JSON.stringify(attempt) : '',
      targetIndex === undefined ? '' : '1',
      entry ? JSON.stringify(entry) : '',
      entry?.call ?? '',
      options.run ?? '',
      now,
      ...phasesOf(options),
      keys.channel,
      ...fields,
    ],
    options.ticket,
  );
  return reply !== 0;
}

/** The phase that begins, and what the run that has ended was: one without an attempt was no run but a part of the wait. */
function phasesOf({ waitingOn, attempt, targetIndex }: RequeueOptions): [JobPhase, JobPhase | ''] {
  const isRetry = waitingOn?.scope === 'job' && attempt !== undefined;
  const next = isRetry ? 'retrying' : waitingOn ? 'limited' : 'queued';
  if (attempt) return [next, ''];
  return [next, waitingOn || targetIndex !== undefined ? 'limited' : 'interrupted'];
}

function eventData({
  waitingOn,
  attempt,
  targetIndex,
  lane,
  moves,
}: RequeueOptions): Record<string, unknown> {
  const left = moves?.at(-1);
  return {
    ...(waitingOn && { waiting_on: waitingOn }),
    ...(attempt && { attempt: attempt.number, outcome: attempt.outcome }),
    ...(attempt?.error && { error_code: attempt.error.code }),
    ...(targetIndex !== undefined && { target_index: targetIndex }),
    ...(lane !== undefined && { lane }),
    ...(left && { left: `${left.provider}/${left.model}`, reason: left.reason }),
  };
}
