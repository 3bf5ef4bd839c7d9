import type { Lane } from '@sluice/config';
import type { Priority, Ticket } from '@sluice/contracts';
import { readPart, type LuaPart } from '@sluice/runtime';

import { ticketId } from './ticket-id.ts';

/** A ticket, and where it goes. */
export interface PlacedTicket {
  ticket: Ticket;
  lane: string;
  priority: Priority;
  /** About how many tokens its call takes, for its place in the lane; 0 where nobody knows. */
  tokens?: number | undefined;
  /** The tenant's share of the lane in proportion to others'; 1 where nothing is said. */
  weight?: number | undefined;
  /** Epoch milliseconds; until then it is kept aside and has no place in its lane. */
  runAtMs?: number | undefined;
}

/** Keys of one lane in one shard. */
export interface LaneQueueKeys {
  /** BullMQ's key of this name. */
  queueKey(name: string): string;
  ranks: string;
}

const placeTicket = readPart(import.meta.url, 'place-ticket');
const scheduleTicket = readPart(import.meta.url, 'schedule-ticket');
const advanceLane = readPart(import.meta.url, 'advance-lane');

/**
 * Adds a ticket, as a part of another script or alone; adding the same run of a job twice adds it once.
 *
 * Order in a lane is start-time fair queueing between tenants (Goyal, Vin and Cheng, 1996), in three classes of priority:
 *
 *     rank = max(the lane's virtual time, the end of the tenant's last ticket);  its end = rank + cost / weight
 *
 * The ticket with the lowest rank is next; when it starts, the lane's virtual time is its rank. A tenant with ten thousand
 * tickets has ranks far ahead, and another's first one comes right after those that are running. A rank is microseconds
 * of the lane's time in 51 bits, above them the class: together the 53 bits of a score. BullMQ gets the upper 21 bits as
 * its priority, which is where it puts a ticket that comes back: to the head of the next hour's.
 */
export function placementOf(placed: PlacedTicket, options: PlacementOptions): LuaPart {
  const { ticket, priority } = placed;
  const { lane, keys, nowMs } = options;
  const id = ticketId(ticket);
  return {
    source: placeTicket,
    keys: [
      keys.queueKey(id),
      keys.queueKey('prioritized'),
      keys.queueKey('marker'),
      keys.queueKey('meta'),
      keys.queueKey('active'),
      keys.ranks,
    ],
    args: [
      id,
      ticket.type,
      JSON.stringify(ticket),
      nowMs,
      classOf[priority],
      ticket.tenantId,
      Math.max(1, Math.round(costMicros(lane, placed.tokens ?? 0) / (placed.weight ?? 1))),
    ],
  };
}

/**
 * Keeps a ticket aside until `runAtMs`, as a part of another script or alone. `keys` are those of a queue of its own: BullMQ
 * would put a delayed ticket of a lane to where its 21 bits of priority say, before all others of the hour in which it was
 * submitted. Kept aside, it gets its rank when it is due: a tenant gains nothing by submitting for later.
 */
export function schedulingOf(
  { ticket }: PlacedTicket,
  runAtMs: number,
  { keys, nowMs }: Omit<PlacementOptions, 'lane'>,
): LuaPart {
  const id = ticketId(ticket);
  return {
    source: scheduleTicket,
    keys: [keys.queueKey(id), keys.queueKey('delayed'), keys.queueKey('marker')],
    args: [id, ticket.type, JSON.stringify(ticket), nowMs, runAtMs],
  };
}

export interface PlacementOptions {
  lane: Lane | undefined;
  keys: LaneQueueKeys;
  nowMs: number;
}

/** Moves the lane's virtual time on and measures its rate of starts, as a part of the script that begins the job of one of its tickets. */
export function advanceOf(keys: LaneQueueKeys, nowMs: number): LuaPart {
  return {
    source: advanceLane,
    keys: [keys.ranks, keys.queueKey('prioritized'), keys.queueKey('active')],
    args: [nowMs],
  };
}

const classOf: Record<Priority, number> = { high: 1, normal: 2, low: 3 };

const defaultCostMicros = 1_000_000;

/**
 * How much of the lane's time a ticket takes, in microseconds: what it needs of the limit that it fills the most. A lane
 * without limits counts a second for every ticket: costs only have to be in proportion.
 */
export function costMicros(lane: Lane | undefined, tokens: number): number {
  let cost = 0;
  for (const { unit, limit, windowMs } of lane?.buckets ?? []) {
    const amount = unit === 'requests' ? 1 : tokens;
    cost = Math.max(cost, (amount * windowMs * 1_000) / limit);
  }
  return Math.round(cost) || defaultCostMicros;
}
