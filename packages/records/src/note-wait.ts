import type { WaitingOn } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { encodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'note-wait', ['spend-time']);

/** A queued job could not begin, and why. `false`: it runs, has ended or is gone; nothing was changed. */
export async function noteWait(
  context: RecordsContext,
  jobId: string,
  waitingOn: WaitingOn,
): Promise<boolean> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return false;
  const now = context.clock.now();
  const event = encodeEvent('queued', now, { waiting_on: waitingOn });
  const args = [JSON.stringify(waitingOn), event, now, keys.channel];
  return (await script(context.redis, [keys.job, keys.timeline], args)) === 1;
}
