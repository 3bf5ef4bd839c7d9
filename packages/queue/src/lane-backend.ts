import {
  createRedisBackend,
  raw2NextJobData,
  type BackendFactory,
  type RedisQueueBackend,
} from 'bullmq';
import type { Redis } from 'ioredis';

import { loadScript, type Clock } from '@sluice/runtime';

const endScript = loadScript(import.meta.url, 'end-ticket', [], { together: 'soon' });

export interface LaneBackendOptions {
  redis: Redis;
  clock: Clock;
  lockMs: number;
  /** Window of the worker's limiter. */
  windowMs: number;
}

/** What BullMQ's worker reads of a ticket, by BullMQ's names. */
const ticketFields = [
  'ats',
  'name',
  'data',
  'opts',
  'timestamp',
  'delay',
  'priority',
  'atm',
  'stc',
];

/** What `end-ticket.lua` needs of a lane, by BullMQ's names. */
const places = [
  'active',
  'stalled',
  'prioritized',
  'wait',
  'delayed',
  'meta',
  'limiter',
  'marker',
  'events',
];

/**
 * What BullMQ's worker does in Redis, with one difference: a ticket that has come to its end leaves by `end-ticket.lua`, together
 * with the others of this turn of the event loop. BullMQ's script for it, one for every ticket, was a third of what Redis did for a
 * job (`npm run bench -- jobs`); it still does whatever is out of the ordinary.
 */
export function laneBackend({
  redis,
  clock,
  lockMs,
  windowMs,
}: LaneBackendOptions): BackendFactory<RedisQueueBackend> {
  return (name, settings, role) => {
    const backend = createRedisBackend(name, settings, role);
    const endByBullmq = backend.moveToCompleted.bind(backend);
    const lane = places.map((place) => backend.toKey(place));
    const prefix = backend.toKey('');
    const endTicket = (id: string, token: string, nowMs: number) =>
      endScript(
        redis,
        [`${prefix}${id}`, `${prefix}${id}:lock`, ...lane],
        [id, token, nowMs, lockMs, prefix, windowMs, ...ticketFields],
      );
    backend.moveToCompleted = async (job, ...given) => {
      const [, , token, takesNext] = given;
      if (takesNext && backend.closing === undefined) {
        const finishedOn = clock.now();
        const reply = await endTicket(job.id ?? '', token, finishedOn);
        if (Array.isArray(reply)) return { result: raw2NextJobData(decodeNext(reply)), finishedOn };
      }
      return await endByBullmq(job, ...given);
    };
    return backend;
  };
}

/**
 * A reply of `end-ticket.lua` as BullMQ's script gives it. A ticket's values come as one text, which Redis writes and this process
 * reads faster than many; none of them can hold the separator, as all are JSON, numbers or names of ours.
 */
function decodeNext([ticket, ...rest]: unknown[]): unknown[] {
  if (typeof ticket !== 'string') return [ticket, ...rest];
  const values = ticket.split('\0');
  const pairs: string[] = [];
  ticketFields.forEach((name, i) => {
    const value = values[i];
    if (value) pairs.push(name, value);
  });
  return [pairs, ...rest];
}
