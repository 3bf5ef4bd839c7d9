import { isTerminal, terminalStates, type JobState, type TimelineEvent } from '@sluice/contracts';
import { loadScript } from '@sluice/runtime';

import type { RecordsContext } from './context.ts';
import { openDeltas } from './seal-record.ts';
import { acceptEvent, decodeEvent } from './timeline.ts';

const script = loadScript(import.meta.url, 'read-events');

/** Most events of each kind in one page. */
const pageSize = 500;

const idPattern = /^(\d{1,15})(?:\.(\d{1,15}))?$/;

/** How far a reader is: the number of the last timeline event it has, -1 for none, and how many deltas. */
export interface EventPosition {
  timeline: number;
  deltas: number;
}

export const beforeAllEvents: EventPosition = { timeline: -1, deltas: 0 };

export interface EventPage {
  /** In order, each with the id that the next reader may go on from. */
  events: TimelineEvent[];
  next: EventPosition;
  /** There is more to read at once. */
  hasMore: boolean;
  /** The job is over and its last event is in this page or before it. */
  isEnd: boolean;
  /** Pieces of the answer that the reader has not had are gone, some time after the job's end: its result has them. */
  hasLostDeltas: boolean;
}

/** The place after the event with this id; undefined for a text that is no id. */
export function positionOf(eventId: string): EventPosition | undefined {
  const found = idPattern.exec(eventId);
  return found ? { timeline: Number(found[1]), deltas: Number(found[2] ?? 0) } : undefined;
}

/** The id of the event that stands there. */
export function idOf({ timeline, deltas }: EventPosition): string {
  return deltas === 0 ? `${timeline}` : `${timeline}.${deltas}`;
}

/**
 * What follows a place in a job's events, in the one order in which timeline and deltas were written. Undefined when the job
 * is gone. Reading on from `next` for as long as there are events gives each event once.
 */
export async function readEvents(
  context: RecordsContext,
  jobId: string,
  after: EventPosition,
): Promise<EventPage | undefined> {
  const keys = context.keys.ofJob(jobId);
  if (!keys) return undefined;
  const reply = await script(
    context.redis,
    [keys.job, keys.timeline, keys.deltas],
    [Math.max(0, after.timeline), after.deltas, pageSize],
  );
  if (reply === null) return undefined;
  // The reply that read-events.lua lists.
  const read = reply as Read;
  const [state, request, written, , , timeline, deltas] = read;
  const hasMore = timeline.length === pageSize || deltas.length === pageSize;
  const hasLostDeltas = deltas.length === 0 && after.deltas < written;
  const placed = merge(after, read);
  if (hasLostDeltas) countLost(placed, written);
  const { timeline: last, deltas: seen } = placed.at(-1) ?? after;
  const events = await openDeltas(context, jobId, { request, events: placed.map(toEvent) });
  if (!events) return undefined;
  return {
    events: after.timeline < 0 ? [accepted(request), ...events] : events,
    next: { timeline: Math.max(0, last), deltas: seen },
    hasMore,
    isEnd: isTerminal(state) && !hasMore,
    hasLostDeltas,
  };
}

type Read = [
  state: JobState,
  request: string,
  /** How many deltas the job has had. */
  written: number,
  /** How many of them are before the first one in `deltas`. */
  before: number,
  /** The number of the first event in `timeline`. */
  first: number,
  timeline: string[],
  deltas: string[],
];

/** An event as it is stored, and how far a reader is who has it. */
type Placed = EventPosition & { stored: string };

/**
 * A delta stands behind the timeline event whose number it was stored with. Where one of the two lists ends because the page
 * is full, what may have to stand behind its next entry waits for the next page.
 */
function merge(after: EventPosition, [, , , before, first, timeline, deltas]: Read): Placed[] {
  const placed: Placed[] = [];
  let at = { timeline: Math.max(0, after.timeline), deltas: Math.max(before, after.deltas) };
  const takeEvents = (until: number) => {
    const end = Math.min(until, first + timeline.length - 1);
    for (let number = Math.max(first, at.timeline + 1); number <= end; number += 1) {
      at = { timeline: number, deltas: at.deltas };
      placed.push({ ...at, stored: timeline[number - first] ?? '' });
    }
  };
  const lastPlace = timeline.length === pageSize ? first + pageSize - 1 : Infinity;
  for (const delta of deltas) {
    const space = delta.indexOf(' ');
    const number = Number(delta.slice(0, space));
    if (number > lastPlace) break;
    takeEvents(number);
    at = { timeline: at.timeline, deltas: at.deltas + 1 };
    placed.push({ ...at, stored: delta.slice(space + 1) });
  }
  if (deltas.length < pageSize) takeEvents(Infinity);
  return placed;
}

/** Whoever has the end has had, in one piece, all the deltas that are gone. */
function countLost(placed: Placed[], written: number): void {
  const end = placed.findLastIndex(({ stored }) => isEnding(stored));
  if (end >= 0) for (const event of placed.slice(end)) event.deltas = written;
}

function isEnding(stored: string): boolean {
  // Written by encodeEvent.
  const { type } = JSON.parse(stored) as { type: string };
  return (terminalStates as readonly string[]).includes(type);
}

function toEvent(placed: Placed): TimelineEvent {
  return decodeEvent(placed.stored, idOf(placed));
}

function accepted(request: string): TimelineEvent {
  // Written by encodeRequest.
  const { createdAtMs } = JSON.parse(request) as { createdAtMs: number };
  return acceptEvent(createdAtMs);
}
