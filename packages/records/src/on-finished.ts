import type { ChangeListeners, StopListening } from './change-listener.ts';
import type { RecordsContext } from './context.ts';
import { withoutInput, type JobWithoutInput } from './read-job.ts';
import { fieldsOfPairs } from './record-codec.ts';

/** Told that a job may have ended, and how to have its record where that came with the news. */
export type FinishListener = (read?: () => Promise<JobWithoutInput | undefined>) => void;

/**
 * Calls the listener when the job may have ended: a nudge to read it, never the only source of truth. Where Redis sends the ended
 * record behind the news, it is called once more, with what opens that.
 */
export async function onFinished(
  context: RecordsContext,
  listeners: ChangeListeners,
  jobId: string,
  listener: FinishListener,
): Promise<StopListening> {
  return await listeners.listen(
    jobId,
    (ended) => {
      if (ended) listener();
    },
    (pairs) => listener(() => withoutInput(context, jobId, fieldsOfPairs(pairs))),
  );
}
