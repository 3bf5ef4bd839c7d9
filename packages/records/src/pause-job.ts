import type { FormAnswer, JobState } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { encodeEvent } from './timeline.ts';

const pauseScript = loadScript(import.meta.url, 'pause-job', ['count-load', 'spend-time']);
const resumeScript = loadScript(import.meta.url, 'resume-job', ['spend-time']);

/**
 * `in_progress` becomes `paused`: the run asks a person; the forms are in the upstream handle. `isNew` tells it in the
 * timeline. `false`: the job has ended or is gone, and its ticket has nothing left to do.
 */
export async function pauseJob(
  context: RecordsContext,
  jobId: string,
  isNew: boolean,
  run = '',
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const now = context.clock.now();
  const event = isNew ? encodeEvent('paused', now) : '';
  const names = [keys.job, keys.timeline, keys.loads];
  return (await pauseScript(context.redis, names, [event, run, now, keys.channel])) === 1;
}

/**
 * `paused` becomes `queued`, with the answer for whoever runs it next. Returns the state that was found: only a paused job
 * was changed. `undefined` when the job is gone.
 */
export async function resumeJob(
  context: RecordsContext,
  jobId: string,
  answer: FormAnswer,
): Promise<JobState | undefined> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return undefined;
  const now = context.clock.now();
  const event = encodeEvent('queued', now, { action: answer.action });
  const state = await resumeScript(
    context.redis,
    [keys.job, keys.timeline],
    [JSON.stringify(answer), event, now, keys.channel],
  );
  // The reply that resume-job.lua lists.
  return (state as JobState | '') || undefined;
}
