import { loadScript, type LuaPart } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { encodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'release-job', ['spend-time']);

/**
 * The job's time to run has come: its ticket is placed in its lane, in the same step as the timeline's event `due`.
 * `false`: it has a ticket there, has ended or is gone; nothing was changed.
 */
export async function releaseJob(
  context: RecordsContext,
  jobId: string,
  ticket: LuaPart,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const now = context.clock.now();
  const args = [encodeEvent('due', now), now, keys.channel];
  return (await script(context.redis, [keys.job, keys.timeline], args, ticket)) === 1;
}
