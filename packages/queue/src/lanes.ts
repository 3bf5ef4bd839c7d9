import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

import type { Lane } from '@sluice/config';
import { runPart, shardTag, type Clock, type LuaPart } from '@sluice/runtime';

import { foreseeStart } from './foresee-start.ts';
import {
  advanceOf,
  placementOf,
  schedulingOf,
  type LaneQueueKeys,
  type PlacedTicket,
} from './place-ticket.ts';
import { startsPerWindow, startWindowMs } from './start-rate.ts';
import { ticketId, type TicketName } from './ticket-id.ts';

/** The lane of batch jobs: their tickets are fed, not run. Config does not allow this name for another lane. */
export const batchLane = 'batches';

/** The lane of tickets that are not due yet: see {@link schedulingOf}. Config does not allow this name for another lane. */
export const scheduledLane = 'scheduled';

/** Queue of webhook deliveries. */
export const deliveryQueueName = 'webhooks';

/** BullMQ's own advice: one call with 50,000 tickets stops the event loop for 2.2 s, chunks of 250 for 25 ms. */
const ticketsPerCall = 250;

/** How many tickets a lane holds, by BullMQ's states, summed over the shards. */
export interface LaneCounts {
  lane: string;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  /** Milliseconds until the lane may take tickets again; 0 when it is open. */
  pausedForMs: number;
}

export interface LanesOptions {
  redis: Redis;
  root: string;
  shards: number;
  lanes: readonly Lane[];
  /** Shard of a job, as its id names it. */
  shardOf(jobId: string): number;
  clock: Clock;
}

/** Queues that hold no lane of the configuration. */
const ownQueues = [batchLane, scheduledLane, deliveryQueueName];

/** The queues of every lane in every shard: one BullMQ queue each. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #keys = new Map<string, LaneQueueKeys>();

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#lanes = new Map(options.lanes.map((lane) => [lane.name, lane]));
    const names = [...options.lanes.map((lane) => lane.name), ...ownQueues];
    for (const name of names) {
      for (let shard = 0; shard < options.shards; shard += 1) this.#open(name, shard);
    }
  }

  /** Adds a ticket; adding the same run of a job twice adds it once. Resolves when Redis has it. */
  async add(placed: PlacedTicket): Promise<void> {
    await runPart(this.#options.redis, this.placement(placed));
  }

  /** Adds many tickets in chunks, so that neither this process nor Redis stalls. */
  async addMany(placed: readonly PlacedTicket[]): Promise<void> {
    for (let start = 0; start < placed.length; start += ticketsPerCall) {
      const chunk = placed.slice(start, start + ticketsPerCall);
      await Promise.all(chunk.map((one) => this.add(one)));
    }
  }

  /** What {@link add} does, as a part of the script that writes the job's record: both happen or neither. */
  placement(placed: PlacedTicket): LuaPart {
    const nowMs = this.#options.clock.now();
    const keys = this.#keysOf(this.laneOf(placed, nowMs), placed.ticket.jobId);
    if (isLater(placed, nowMs)) return schedulingOf(placed, placed.runAtMs, { keys, nowMs });
    return placementOf(placed, { lane: this.#lanes.get(placed.lane), keys, nowMs });
  }

  /** Where the ticket of a queued job belongs at `nowMs` (epoch milliseconds): aside until it is due, then in its lane. */
  laneOf(placed: PlacedTicket, nowMs: number): string {
    return isLater(placed, nowMs) ? scheduledLane : placed.lane;
  }

  /**
   * Where the ticket stands in its lane, in one round trip: 1 is the next one; and when it will start (epoch milliseconds),
   * as far as the lane's rate of starts tells. `undefined` for a ticket that is not waiting there.
   */
  async placeOf(
    lane: string,
    name: TicketName,
  ): Promise<{ position: number; startAtMs?: number } | undefined> {
    const { queueKey, ranks } = this.#keysOf(lane, name.jobId);
    const { redis, clock } = this.#options;
    const [rank, fields, taken, ttlMs] = await Promise.all([
      redis.zrank(queueKey('prioritized'), ticketId(name)),
      redis.hmget(ranks, 'lastStart', 'interval', 'starts', 'backlog'),
      redis.get(queueKey('limiter')),
      redis.pttl(queueKey('limiter')),
    ]);
    if (rank === null) return undefined;
    // BullMQ counts starts in this key; a lane that rests has the highest count there is.
    const isClosed = Number(taken) >= Number.MAX_SAFE_INTEGER;
    const [lastStartMs = 0, intervalMs = 0, starts = 0, backlog = 0] = fields.map(Number);
    const startAtMs = foreseeStart(
      rank + 1,
      { lastStartMs, intervalMs, starts, backlog: backlog === 1 },
      { nowMs: clock.now(), closedForMs: isClosed ? Math.max(0, ttlMs) : 0 },
    );
    return { position: rank + 1, ...(startAtMs !== undefined && { startAtMs }) };
  }

  /** Moves the virtual time of the job's lane on, as a part of the script that begins the job. */
  advance(lane: string, jobId: string): LuaPart {
    return advanceOf(this.#keysOf(lane, jobId), this.#options.clock.now());
  }

  /** Takes a waiting ticket away. One that runs stays: the worker finds its job ended and drops it. */
  async remove(lane: string, name: TicketName): Promise<void> {
    await this.queue(lane, this.#options.shardOf(name.jobId)).remove(ticketId(name));
  }

  /** Whether the ticket is waiting, delayed or being worked on: BullMQ's state of it, `missing` when there is none. */
  async ticketState(lane: string, name: TicketName): Promise<'live' | 'failed' | 'missing'> {
    const queue = this.queue(lane, this.#options.shardOf(name.jobId));
    const state = await queue.getJobState(ticketId(name));
    if (state === 'failed') return 'failed';
    return state === 'unknown' || state === 'completed' ? 'missing' : 'live';
  }

  /** Closes a lane for every worker for `waitMs`; `nowMs` is the time in epoch milliseconds. */
  async pause(lane: string, waitMs: number, nowMs: number): Promise<void> {
    for (let shard = 0; shard < this.#options.shards; shard += 1) {
      await this.queue(lane, shard).rateLimit(waitMs);
      await this.wake(lane, shard, nowMs + waitMs);
    }
  }

  /**
   * Wakes a worker that waits for tickets, at `atMs` (epoch milliseconds; 0 is now). BullMQ puts a prioritised ticket back
   * into its lane without a sign to workers that block on the marker: measured, the ticket lay there until their wait of
   * 5 s was over. `1` is the member of BullMQ's own marker for delayed jobs, `0` of the one for waiting ones.
   */
  async wake(lane: string, shard: number, atMs: number): Promise<void> {
    const marker = this.queue(lane, shard).toKey('marker');
    if (atMs === 0) await this.#options.redis.zadd(marker, 0, '0');
    else await this.#options.redis.zadd(marker, 'LT', atMs, '1');
  }

  /** Writes the limits of every lane where BullMQ enforces them: see {@link enforce}. */
  async enforceAll(): Promise<void> {
    await Promise.all(this.#options.lanes.map((lane) => this.enforce(lane)));
  }

  /**
   * Writes what BullMQ enforces for all workers: the lane's concurrency, exact with one shard only, and how fast its tickets
   * start ({@link startsPerWindow}).
   */
  async enforce(lane: Lane): Promise<void> {
    const starts = startsPerWindow(lane);
    for (let shard = 0; shard < this.#options.shards; shard += 1) {
      const queue = this.queue(lane.name, shard);
      await Promise.all([
        lane.concurrency === undefined
          ? queue.removeGlobalConcurrency()
          : queue.setGlobalConcurrency(lane.concurrency),
        starts === undefined
          ? queue.removeGlobalRateLimit()
          : queue.setGlobalRateLimit(starts, startWindowMs),
      ]);
    }
  }

  /** Depth of every lane, and of the webhook queue. */
  async counts(): Promise<LaneCounts[]> {
    const names = [...this.#options.lanes.map((lane) => lane.name), ...ownQueues];
    return await Promise.all(names.map((name) => this.#countsOf(name)));
  }

  /** Every queue, for Bull Board. */
  all(): Queue[] {
    return [...this.#queues.values()];
  }

  queue(lane: string, shard: number): Queue {
    const queue = this.#queues.get(`${shard}:${lane}`);
    if (!queue) throw new Error(`no lane ${lane} in shard ${shard}`);
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((queue) => queue.close()));
  }

  #open(name: string, shard: number): void {
    const queue = new Queue(name, {
      connection: this.#options.redis,
      prefix: shardTag(this.#options.root, shard),
      streams: { events: { maxLen: 1_000 } },
    });
    // The connection logs its own errors; without a listener they would end the process.
    queue.on('error', () => {});
    this.#queues.set(`${shard}:${name}`, queue);
    const prefix = queue.toKey('');
    this.#keys.set(`${shard}:${name}`, {
      queueKey: (key) => prefix + key,
      ranks: `${shardTag(this.#options.root, shard)}/ranks:${name}`,
    });
  }

  #keysOf(lane: string, jobId: string): LaneQueueKeys {
    const shard = this.#options.shardOf(jobId);
    const keys = this.#keys.get(`${shard}:${lane}`);
    if (!keys) throw new Error(`no lane ${lane} in shard ${shard}`);
    return keys;
  }

  async #countsOf(lane: string): Promise<LaneCounts> {
    const sum = { lane, waiting: 0, active: 0, delayed: 0, failed: 0, pausedForMs: 0 };
    for (let shard = 0; shard < this.#options.shards; shard += 1) {
      const queue = this.queue(lane, shard);
      const [counts, pausedForMs] = await Promise.all([
        queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
        // Fewer starts than this are only counted.
        queue.getRateLimitTtl(Number.MAX_SAFE_INTEGER),
      ]);
      sum.waiting += (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0);
      sum.active += counts['active'] ?? 0;
      sum.delayed += counts['delayed'] ?? 0;
      sum.failed += counts['failed'] ?? 0;
      sum.pausedForMs = Math.max(sum.pausedForMs, pausedForMs);
    }
    return sum;
  }
}

function isLater(
  placed: PlacedTicket,
  nowMs: number,
): placed is PlacedTicket & { runAtMs: number } {
  return placed.runAtMs !== undefined && placed.runAtMs > nowMs;
}
