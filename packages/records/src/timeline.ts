import type { TimelineEvent } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';

/**
 * A timeline is a list of events, not a stream: Redis gives each stream 4 KB at its first entry, which made timelines
 * three quarters of all memory (measured: 4,325 bytes for two events; as a list 248).
 */
const appendScript = loadScript(import.meta.url, 'append-event');
const readScript = loadScript(import.meta.url, 'read-timeline');

/** A timeline keeps this many of its latest events, and a few more until the next append. */
export const maxTimelineEvents = 1_000;

const defaultLimit = 100;

/** Fits into what Lua counts exactly. */
const eventIdPattern = /^\d{1,15}$/;

export interface TimelineOptions {
  /** Id of the last event already seen. */
  after?: string;
  /** Most events in the reply; default 100, at most 1,000. */
  limit?: number;
}

/** An event as the timeline stores it; types are names of ours. `data` must be plain JSON. */
export function encodeEvent(type: string, atMs: number, data?: Record<string, unknown>): string {
  return data ? JSON.stringify({ type, at: atMs, data }) : `{"type":"${type}","at":${atMs}}`;
}

/** Appends an event to the timeline; nothing when the job is gone. `data` must be plain JSON. */
export async function appendEvent(
  context: RecordsContext,
  jobId: string,
  event: { type: string; data?: Record<string, unknown> },
): Promise<void> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return;
  const encoded = encodeEvent(event.type, context.clock.now(), event.data);
  await appendScript(
    context.redis,
    [keys.job, keys.timeline],
    [encoded, maxTimelineEvents, keys.channel],
  );
}

/**
 * Events in order. Types: `queued`, `in_progress`, `interrupted` (the worker died), `queued` again with why it waits,
 * the terminal state, and whatever appendEvent added. Empty for a job that is gone.
 * Ids count from `0`, the event of the accept: it is made from the record when it is read, so that accepting a job
 * writes no timeline. An `after` that is no event id counts as none: the whole timeline is a safe answer to a broken
 * Last-Event-ID.
 */
export async function readTimeline(
  context: RecordsContext,
  jobId: string,
  { after, limit = defaultLimit }: TimelineOptions,
): Promise<TimelineEvent[]> {
  const keys = context.keys.ofJob(jobId);
  const count = Math.min(limit, maxTimelineEvents);
  if (!keys || count < 1) return [];
  const last = after !== undefined && eventIdPattern.test(after) ? after : undefined;
  const reply = await readScript(context.redis, [keys.job, keys.timeline], [last ?? 0, count]);
  if (reply === null) return [];
  // The reply that read-timeline.lua lists.
  const [request, first, ...stored] = reply as [string, number, ...string[]];
  const events = stored.map((event, i) => decodeEvent(event, String(first + i)));
  if (last !== undefined) return events;
  // Written by encodeRequest.
  const { createdAtMs } = JSON.parse(request) as { createdAtMs: number };
  return [acceptEvent(createdAtMs), ...events].slice(0, count);
}

/** The first event of every job, which is not stored. */
export function acceptEvent(createdAtMs: number): TimelineEvent {
  return decodeEvent(encodeEvent('queued', createdAtMs), '0');
}

/** The stored event with the id that it is told under. */
export function decodeEvent(encoded: string, id: string): TimelineEvent {
  // Written by encodeEvent.
  const { type, at, data } = JSON.parse(encoded) as Omit<TimelineEvent, 'at'> & { at: number };
  return { id, type, at: new Date(at).toISOString(), ...(data && { data }) };
}
