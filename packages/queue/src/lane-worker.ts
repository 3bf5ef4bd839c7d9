import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import type { Redis } from 'ioredis';

import { SluiceError, ticket as ticketSchema, type HeldTicket } from '@sluice/contracts';
import type { Clock, Logger } from '@sluice/runtime';
import { shardTag, writeTogether } from '@sluice/runtime';

import { laneBackend } from './lane-backend.ts';
import type { Lanes } from './lanes.ts';
import { startWindowMs } from './start-rate.ts';
import { TicketWorker } from './ticket-worker.ts';

/** What happens to a ticket after a run. The record has been moved before. */
export type TicketMove =
  | { kind: 'done' }
  /** Kept in BullMQ's failed set for Bull Board; the record says the same. */
  | { kind: 'failed'; reason: string }
  /** The ticket goes back to the head of its lane and the lane rests for everyone. */
  | { kind: 'pause_lane'; waitMs: number }
  /** Only this ticket waits. */
  | { kind: 'delay'; delayMs: number }
  /** Back to the head of the lane at once: this worker is going away. */
  | { kind: 'give_back' };

export type ProcessTicket = (ticket: HeldTicket, signal: AbortSignal) => Promise<TicketMove>;

/** Why a run was told to stop; the signal's reason. */
export const stopReasons = {
  cancelled: new SluiceError('cancelled', 'the job was cancelled'),
  drained: new SluiceError('interrupted', 'the worker is shutting down'),
  lockLost: new SluiceError('interrupted', 'another worker has taken over the job'),
} as const;

export interface LaneWorkerOptions {
  redis: Redis;
  root: string;
  shard: number;
  lane: string;
  concurrency: number;
  /** Of this process; the first part of the names of its runs. */
  workerId: string;
  process: ProcessTicket;
  /** Whether that run still has its job: `ended` is a job that was cancelled or has expired meanwhile. */
  holdOf(ticket: HeldTicket): Promise<'held' | 'ended' | 'lost'>;
  /** How long a lock lives and how often it is looked after; 10 s and 5 s by default. */
  lock?: { durationMs: number; checkMs: number };
  lanes: Lanes;
  clock: Clock;
  log: Logger;
}

/**
 * Lock and stall timing: a killed worker's tickets run again within lock + check = 15 s. The lock is also how long the event
 * loop or Redis may be away before a ticket runs twice, so it is not shorter.
 */
const usualLock = { durationMs: 10_000, checkMs: 5_000 };

/** BullMQ gives up a ticket after this many stalls; the spine's own count of interruptions ends the job long before. */
const maxStalledCount = 50;

/**
 * A worker obeys `queue.rateLimit` only if it carries a limiter of its own. This one never limits: it is what makes the
 * lane's pause hold for every worker. Its window is also that of the lane's own rate of starts, which is kept in Redis.
 */
const obeyPauses = { max: Number.MAX_SAFE_INTEGER, duration: startWindowMs };

/** A finished ticket says nothing that the record does not say better; some failed ones stay for whoever looks at Bull Board. */
const kept = {
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 1_000, age: 7 * 24 * 3_600 },
};

interface Run {
  ticketId: string;
  ticket: HeldTicket;
  controller: AbortController;
}

/** Takes tickets of one lane in one shard and turns what became of them into BullMQ moves. */
export class LaneWorker {
  readonly #worker: TicketWorker;
  readonly #options: LaneWorkerOptions;
  /**
   * Not by their tickets, which may have two runs here: one that has put it back and is not yet over, or that lost its lock
   * while Redis was away, and the one that has taken it since.
   */
  readonly #running = new Set<Run>();
  #runs = 0;
  #lastTakenAtMs: number;

  constructor(options: LaneWorkerOptions) {
    this.#options = options;
    this.#lastTakenAtMs = options.clock.now();
    const lock = options.lock ?? usualLock;
    // Two parameters: with a third BullMQ makes an AbortController for every ticket, which only its own `cancelJob` aborts.
    const processor = (job: Job, token: string | undefined) => this.#process(job, token ?? '');
    const settings = {
      connection: options.redis,
      prefix: shardTag(options.root, options.shard),
      concurrency: options.concurrency,
      lockDuration: lock.durationMs,
      stalledInterval: lock.checkMs,
      maxStalledCount,
      limiter: obeyPauses,
      drainDelay: 5,
      ...kept,
      autorun: false,
    };
    const { redis, clock } = options;
    const backend = laneBackend({ redis, clock, lockMs: lock.durationMs, windowMs: startWindowMs });
    this.#worker = new TicketWorker(options.lane, processor, settings, backend);
    this.#worker.on('error', (error) => {
      options.log.debug({ lane: options.lane, reason: error.message }, 'lane worker');
    });
    this.#worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const run of this.#running) if (ids.includes(run.ticketId)) void this.#checkHold(run);
    });
  }

  /** When this worker last took a ticket, epoch milliseconds. */
  get lastTakenAtMs(): number {
    return this.#lastTakenAtMs;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /**
   * Whether a ticket lies in the lane that this worker could take now: the lane is open, and lane and worker have room. One that
   * says so for long and takes nothing is stuck, whatever BullMQ says of itself. `lanes` is how to ask.
   */
  async couldTake(lanes: Lanes): Promise<boolean> {
    const { lane, shard, concurrency } = this.#options;
    if (this.#running.size >= concurrency) return false;
    const queue = lanes.queue(lane, shard);
    const [counts, pausedForMs, isPaused, most] = await Promise.all([
      queue.getJobCounts('waiting', 'prioritized', 'active'),
      queue.getRateLimitTtl(),
      queue.isPaused(),
      queue.getGlobalConcurrency(),
    ]);
    const { waiting = 0, prioritized = 0, active = 0 } = counts;
    const isOpen = pausedForMs <= 0 && !isPaused;
    return waiting + prioritized > 0 && isOpen && (most === null || active < most);
  }

  start(): void {
    this.#worker.run().catch((error: unknown) => {
      this.#options.log.error({ err: error, lane: this.#options.lane }, 'lane worker stopped');
    });
  }

  /** Aborts the run of this job, if it is here. */
  cancel(jobId: string): void {
    for (const { ticket, controller } of this.#running) {
      if (ticket.jobId === jobId) controller.abort(stopReasons.cancelled);
    }
  }

  /** Aborts every run whose job was cancelled or taken over without its being told. */
  async checkHolds(): Promise<void> {
    await Promise.all([...this.#running].map((run) => this.#checkHold(run)));
  }

  /** Stops taking tickets, waits `graceMs` for those that run, then gives the rest back without burning an attempt. */
  async close(graceMs: number): Promise<void> {
    await this.#worker.pause(true);
    const end = this.#options.clock.now() + graceMs;
    while (this.#running.size > 0 && this.#options.clock.now() < end) {
      await this.#options.clock.sleep(20);
    }
    for (const { controller } of this.#running) controller.abort(stopReasons.drained);
    await this.#worker.close();
  }

  async #process(job: Job, token: string): Promise<void> {
    const ticket = this.#hold(job);
    const controller = new AbortController();
    const run = { ticketId: job.id ?? '', ticket, controller };
    this.#running.add(run);
    try {
      const move = await this.#options.process(ticket, controller.signal);
      await this.#apply(move, job, token);
      // BullMQ ends the ticket and takes the next one right after this, on the same connection.
      writeTogether(this.#options.redis);
    } finally {
      this.#running.delete(run);
    }
  }

  #hold(job: Job): HeldTicket {
    const { clock, workerId } = this.#options;
    this.#lastTakenAtMs = clock.now();
    this.#runs += 1;
    const run = `${workerId}.${this.#lastTakenAtMs}.${this.#runs}`;
    return { ...ticketSchema.parse(job.data), run };
  }

  /**
   * A lock ends when Redis was away for longer than it lives; the job is this run's until another takes over. Its call goes
   * on until then: cut, it would be paid for and bought again.
   */
  async #checkHold({ ticket, controller }: Run): Promise<void> {
    try {
      const hold = await this.#options.holdOf(ticket);
      if (hold === 'ended') controller.abort(stopReasons.cancelled);
      if (hold === 'lost') controller.abort(stopReasons.lockLost);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'whose the job is could not be read');
    }
  }

  /**
   * Closes the lane and puts the ticket back, in this order; then wakes whoever may take it when the lane is open again. By
   * BullMQ's own error the ticket went back last: where the pause was over by then, a worker had used the sign up and found
   * nothing, and the ticket lay there for 5 s (measured).
   */
  async #rest(waitMs: number, job: Job, token: string): Promise<void> {
    const { lane, shard, lanes, clock } = this.#options;
    const nowMs = clock.now();
    await lanes.pause(lane, waitMs, nowMs);
    await job.moveToWait(token);
    await lanes.wake(lane, shard, nowMs + waitMs);
  }

  /** BullMQ reads these moves as errors thrown by the processor. */
  async #apply(move: TicketMove, job: Job, token: string): Promise<void> {
    const { lane, shard, lanes, clock } = this.#options;
    switch (move.kind) {
      case 'done':
        return;
      case 'failed':
        throw new UnrecoverableError(move.reason);
      case 'pause_lane':
        await this.#rest(move.waitMs, job, token);
        throw new WaitingError();
      case 'delay':
        await job.moveToDelayed(clock.now() + move.delayMs, token);
        throw new DelayedError();
      case 'give_back':
        await job.moveToWait(token);
        await lanes.wake(lane, shard, 0);
        throw new WaitingError();
    }
  }
}
