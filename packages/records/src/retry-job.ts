import type { EarlierTry, JobState } from '@sluice/contracts';
import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { nextCheckAt } from './next-check.ts';
import type { JobSummary } from './record-codec.ts';
import { encodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'retry-job', ['count-load', 'spend-time']);

export type RetryReply =
  | { kind: 'queued' }
  /** It is in a state that is not retried; nothing was changed. */
  | { kind: 'refused'; state: JobState }
  /** It was retried and ended again since `job` was read. */
  | { kind: 'changed' }
  | { kind: 'missing' };

/**
 * A failed, cancelled or expired job becomes `queued` again, exactly once however many ask: state, new deadlines (as far
 * ahead as its first ones), a clean slate of attempts and interruptions, its ticket in the lane of its first target. What the ended try came to and cost goes
 * to `earlierTries`. Its end will be told by an event of its own. `job` is the record as it was read, ended.
 */
export async function retryJob(
  context: RecordsContext,
  job: JobSummary,
  { ticket, lane }: { ticket: LuaPart; lane: string },
): Promise<RetryReply> {
  const keys = context.keys.ofJob(job.jobId);
  if (!keys) return { kind: 'missing' };
  const nowMs = context.clock.now();
  const passedMs = nowMs - countedFromMs(job);
  const startByMs = job.startByMs + passedMs;
  const deadlineMs = job.deadlineMs + passedMs;
  const retry = job.retries + 1;
  const reply = await script(
    context.redis,
    [keys.job, keys.timeline, keys.live, keys.retained, keys.loads],
    [
      job.jobId,
      job.tenantId,
      retry,
      nextCheckAt({ createdAtMs: nowMs, startByMs, deadlineMs }, nowMs),
      encodeEvent('retried', nowMs, { retry }),
      JSON.stringify(tryOf(job, nowMs)),
      nowMs,
      'startByMs',
      startByMs,
      'deadlineMs',
      deadlineMs,
      'lane',
      lane,
    ],
    ticket,
  );
  // The replies that retry-job.lua lists.
  const [kind, state] = reply as ['queued' | 'changed' | 'missing'] | ['refused', JobState];
  return kind === 'refused' ? { kind, state } : { kind };
}

/** From when the deadlines of the job's current try are counted (epoch milliseconds): its accept, `run_at` or retry. */
export function countedFromMs({
  createdAtMs,
  runAtMs,
  earlierTries,
}: Pick<JobSummary, 'createdAtMs' | 'runAtMs' | 'earlierTries'>): number {
  return earlierTries?.at(-1)?.retried_at_ms ?? runAtMs ?? createdAtMs;
}

function tryOf(job: JobSummary, retriedAtMs: number): EarlierTry {
  return {
    // Any other is refused by the script.
    state: job.state as EarlierTry['state'],
    ...(job.startedAtMs !== undefined && { started_at_ms: job.startedAtMs }),
    ended_at_ms: job.endedAtMs ?? 0,
    retried_at_ms: retriedAtMs,
    ...(job.error && { error: job.error }),
    ...(job.usage && { usage: job.usage }),
    ...(job.costUsd !== undefined && { cost_usd: job.costUsd }),
    attempts: job.attempts,
  };
}
