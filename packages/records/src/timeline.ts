import type { TimelineEvent } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';

const script = loadScript(import.meta.url, 'append-event');

/** A timeline keeps about this many of its latest events. */
export const maxTimelineEvents = 1_000;

const defaultLimit = 100;

/**
 * Id of the event `queued` that opens every timeline. It is made from the record when it is read, so that accepting a
 * job writes no stream; Redis gives no entry this id.
 */
const firstEventId = '0-0';

// Nineteen digits fit into the 64 bits of a stream id whatever they are.
const eventIdPattern = /^\d{1,19}-\d{1,19}$/;

export interface TimelineOptions {
  /** Id of the last event already seen. */
  after?: string;
  /** Most events in the reply; default 100. */
  limit?: number;
}

/** Appends an event to the timeline; nothing when the job is gone. `data` must be plain JSON. */
export async function appendEvent(
  context: RecordsContext,
  jobId: string,
  event: { type: string; data?: Record<string, unknown> },
): Promise<void> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return;
  await script(
    context.redis,
    [keys.job, keys.timeline],
    [
      event.type,
      context.clock.now(),
      event.data ? JSON.stringify(event.data) : '',
      maxTimelineEvents,
    ],
  );
}

/**
 * Events in order. Types: `queued`, `in_progress`, `interrupted` (the worker died), `queued` again with why it waits,
 * the terminal state, and whatever appendEvent added. Empty for a job that is gone.
 * An `after` that is no event id counts as none: the whole timeline is a safe answer to a broken Last-Event-ID.
 */
export async function readTimeline(
  context: RecordsContext,
  jobId: string,
  { after, limit = defaultLimit }: TimelineOptions,
): Promise<TimelineEvent[]> {
  const keys = context.keys.ofJob(jobId);
  if (!keys || limit < 1) return [];
  if (after !== undefined && eventIdPattern.test(after)) {
    return (await context.redis.xrange(keys.timeline, `(${after}`, '+', 'COUNT', limit)).map(
      toEvent,
    );
  }
  const [request, entries] = await Promise.all([
    context.redis.hget(keys.job, 'request'),
    context.redis.xrange(keys.timeline, '-', '+', 'COUNT', limit),
  ]);
  if (request === null) return [];
  // Written by encodeRequest.
  const { createdAtMs } = JSON.parse(request) as { createdAtMs: number };
  const first = { id: firstEventId, type: 'queued', at: new Date(createdAtMs).toISOString() };
  return [first, ...entries.map(toEvent)].slice(0, limit);
}

function toEvent([id, pairs]: [string, string[]]): TimelineEvent {
  const [, type = '', , at = '0', , data] = pairs;
  return {
    id,
    type,
    at: new Date(Number(at)).toISOString(),
    // Written by this package as an object.
    ...(data !== undefined && { data: JSON.parse(data) as Record<string, unknown> }),
  };
}
