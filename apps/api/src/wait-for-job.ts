import { isTerminal } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from './deps.ts';

/** The nudge may get lost with its connection: the record is read again at least this often. */
const readAgainMs = 2_000;

/**
 * The job as it is when it has ended, or after `waitMs`, or when `gone` aborts, whichever comes first. `undefined` when
 * there is no such job. The record is the truth, `onFinished` only shortens the time until it is read.
 */
export async function waitForJob(
  jobId: string,
  waitMs: number,
  gone: AbortSignal,
  deps: Pick<ApiDeps, 'records' | 'clock' | 'log'>,
): Promise<JobWithoutInput | undefined> {
  const nudges = listen(jobId, deps);
  try {
    const endMs = deps.clock.now() + waitMs;
    for (;;) {
      const nudged = nudges.next();
      const job = await deps.records.readWithoutInput(jobId);
      const leftMs = endMs - deps.clock.now();
      if (!job || isTerminal(job.state) || leftMs <= 0 || gone.aborted) return job;
      await sleepUntil(nudged, Math.min(leftMs, readAgainMs), gone, deps.clock);
    }
  } finally {
    nudges.stop();
  }
}

interface Nudges {
  /** Resolves when the job may have ended since this call. */
  next(): Promise<void>;
  stop(): void;
}

/** The first nudge comes when the subscription stands: what happened before it has to be read. */
function listen(jobId: string, { records, log }: Pick<ApiDeps, 'records' | 'log'>): Nudges {
  let nudge = () => {};
  const listening = records.onFinished(jobId, () => nudge());
  listening.then(
    () => nudge(),
    (error: unknown) => log.debug({ err: error, jobId }, 'no nudge for a waiting client'),
  );
  return {
    next: () =>
      new Promise((resolve) => {
        nudge = resolve;
      }),
    stop: () => {
      // Nobody waits for the end of a subscription; when Redis is away it has ended anyway.
      listening.then((stop) => stop()).catch(() => {});
    },
  };
}

async function sleepUntil(
  nudged: Promise<void>,
  ms: number,
  gone: AbortSignal,
  clock: ApiDeps['clock'],
): Promise<void> {
  const awake = new AbortController();
  try {
    await Promise.race([nudged, clock.sleep(ms, AbortSignal.any([gone, awake.signal]))]);
  } finally {
    awake.abort();
  }
}
