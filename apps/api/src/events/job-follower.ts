import { deltaOfResult, isTerminal, type TimelineEvent } from '@sluice/contracts';
import {
  beforeAllEvents,
  idOf,
  type EventPage,
  type EventPosition,
  type JobWithoutInput,
  type Records,
} from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';

import { WatchedJob } from './watched-job.ts';

/** Some events of a job, in order, each with an id to go on from. */
export interface FollowedPage {
  events: readonly TimelineEvent[];
  /** Only in the last page: the job as it ended. Its ending event is in this page or came before it. */
  ended?: JobWithoutInput;
}

export interface FollowOptions {
  /** The place to go on from; without it everything is told. */
  after?: EventPosition | undefined;
  /** Ends the iteration, which never throws for it. */
  signal: AbortSignal;
}

/** Reads the events of jobs for whoever follows them; one of it serves a whole process. */
export interface JobFollower {
  /**
   * The events of a job, page by page, from a place on and as they happen, until the job has ended, is gone or the signal
   * aborts. Whoever stops after any event and goes on from its id gets the same events, from any process: see
   * `readEvents`. The next page is read when it is asked for, so a slow reader holds up nobody and nothing is kept for it.
   * Whether the reader may see the job is for the caller to check, before.
   * @throws Error of Redis; whoever goes on from the last event loses nothing.
   */
  follow(jobId: string, options: FollowOptions): AsyncGenerator<FollowedPage, void, undefined>;
}

/** Needs the records' subscriber connection: all that is followed in this process is heard of on that one. */
export function createJobFollower(deps: {
  clock: Clock;
  log: Logger;
  records: Records;
}): JobFollower {
  const watched = new Map<string, WatchedJob>();
  return {
    async *follow(jobId, options) {
      let job = watched.get(jobId);
      if (!job) watched.set(jobId, (job = new WatchedJob(jobId, deps)));
      job.enter();
      try {
        yield* readOn(job, options, deps);
      } finally {
        if (job.leave() === 0) watched.delete(jobId);
      }
    },
  };
}

async function* readOn(
  job: WatchedJob,
  { after = beforeAllEvents, signal }: FollowOptions,
  { records }: { records: Records },
): AsyncGenerator<FollowedPage, void, undefined> {
  const changes = job.changes(signal);
  try {
    let position = after;
    while (!signal.aborted) {
      const changed = changes.next();
      const page = await job.read(position);
      if (!page) return;
      if (page.isEnd) {
        yield await job.once(page, () => endOf(job.jobId, { ...page, after: position }, records));
        return;
      }
      if (page.events.length > 0) yield page;
      position = page.next;
      if (!page.hasMore) await changed;
    }
  } finally {
    changes.stop();
  }
}

async function endOf(
  jobId: string,
  {
    events,
    hasLostDeltas,
    after,
  }: Pick<EventPage, 'events' | 'hasLostDeltas'> & { after: EventPosition },
  records: Records,
): Promise<FollowedPage> {
  const ended = await records.readWithoutInput(jobId);
  if (!ended) return { events };
  return { events: hasLostDeltas ? withAnswer(events, after, ended) : events, ended };
}

/** The pieces of the answer are gone, and its result has them: it is told in one piece before the end. */
function withAnswer(
  events: readonly TimelineEvent[],
  after: EventPosition,
  job: JobWithoutInput,
): TimelineEvent[] {
  const end = events.findLastIndex(({ type }) => type === job.state && isTerminal(job.state));
  const delta = job.result && job.result.type !== 'batch' ? deltaOfResult(job.result) : undefined;
  const ending = events[end];
  if (!ending || !delta) return [...events];
  const attempt = Math.max(1, job.attempts.length);
  // As its event before it: whoever breaks off here is told the whole once more.
  const at = { id: events[end - 1]?.id ?? idOf(after), at: ending.at };
  return [
    ...events.slice(0, end),
    { ...at, type: 'restart', data: { attempt } },
    { ...at, type: 'delta', data: { attempt, delta } },
    ...events.slice(end),
  ];
}
