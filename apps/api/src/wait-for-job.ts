import { isTerminal } from '@sluice/contracts';
import type { JobWithoutInput } from '@sluice/records';

import type { ApiDeps } from './deps.ts';

/** The nudge may get lost with its connection: the record is read again at least this often. */
const readAgainMs = 2_000;

export interface Waiting {
  waitMs: number;
  /** Aborts when nobody waits any more. */
  gone: AbortSignal;
  /** It was accepted just now: there is nothing to see before the first nudge. */
  isNew?: boolean;
}

/**
 * The job as it is when it has ended, or after `waitMs`, or when `gone` aborts, whichever comes first. `undefined` when
 * there is no such job. The record is the truth, `onFinished` only shortens the time until it is read.
 */
export async function waitForJob(
  jobId: string,
  { waitMs, gone, isNew = false }: Waiting,
  deps: Pick<ApiDeps, 'records' | 'clock' | 'log'>,
): Promise<JobWithoutInput | undefined> {
  const nudges = listen(jobId, deps);
  const endMs = deps.clock.now() + waitMs;
  let nudged = nudges.next();
  try {
    if (isNew) await sleepUntil(nudged, Math.min(waitMs, readAgainMs), gone, deps.clock);
    for (;;) {
      nudged = nudges.next();
      const job = await nudges.read();
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
  /** The job: as the last nudge has told it, or as it is. */
  read(): Promise<JobWithoutInput | undefined>;
  stop(): void;
}

/** The first nudge comes when the subscription stands: what happened before it has to be read. */
function listen(jobId: string, { records, log }: Pick<ApiDeps, 'records' | 'log'>): Nudges {
  let nudge = () => {};
  const ask = () => records.readWithoutInput(jobId);
  let read = ask;
  const listening = records.onFinished(jobId, (told = ask) => {
    read = told;
    nudge();
  });
  listening.then(
    () => nudge(),
    (error: unknown) => log.debug({ err: error, jobId }, 'no nudge for a waiting client'),
  );
  return {
    next: () =>
      new Promise((resolve) => {
        nudge = resolve;
      }),
    read: () => read(),
    // Nobody waits for the end of a subscription, and the answer leaves first; when Redis is away it has ended anyway.
    stop: () => {
      setImmediate(() => void listening.then((stop) => stop()).catch(() => {}));
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
