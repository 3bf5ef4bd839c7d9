import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { delivery, SluiceError, type Delivery } from '@sluice/contracts';
import { shardTag, type Clock, type Logger } from '@sluice/runtime';

import { deliveryQueueName, type Lanes } from './lanes.ts';
import { TicketWorker } from './ticket-worker.ts';

/** What a run of a delivery's ticket came to. */
export type DeliveryMove =
  | { kind: 'delivered' }
  /** Again after `delayMs`; an attempt is counted. */
  | { kind: 'retry'; reason: string; delayMs: number }
  /** Nothing was sent: it comes back after `delayMs`, and no attempt is counted. */
  | { kind: 'defer'; delayMs: number }
  | { kind: 'given_up'; reason: string };

/** Adds a delivery; the same `ticketId` a second time is a no-op. */
export async function addDelivery(
  lanes: Lanes,
  added: Delivery,
  options: { shard: number; attempts: number; ticketId: string },
): Promise<void> {
  await lanes.queue(deliveryQueueName, options.shard).add('delivery', added, {
    jobId: options.ticketId,
    attempts: options.attempts,
    backoff: { type: 'schedule' },
    // Kept for a day: a second outbox entry for the same event must not deliver it again.
    removeOnComplete: { age: 24 * 3_600, count: 100_000 },
    removeOnFail: { age: 7 * 24 * 3_600, count: 10_000 },
    stackTraceLimit: 1,
  });
}

/** When a delivery that its worker could not end is tried by another. */
const handOverMs = 100;

export interface DeliveryWorkerOptions {
  redis: Redis;
  root: string;
  shard: number;
  concurrency: number;
  /** `attempt` is 1 for the first POST. */
  deliver(delivery: Delivery, attempt: number, signal: AbortSignal): Promise<DeliveryMove>;
  /** Pause before attempt number `attempt` (2 or more) where `deliver` threw. */
  delayBeforeMs(attempt: number): number;
  clock: Clock;
  log: Logger;
}

/** Runs deliveries; retries are BullMQ's, on the schedule that `delayBeforeMs` gives. */
export class DeliveryWorker {
  readonly #worker: TicketWorker;
  readonly #options: DeliveryWorkerOptions;
  readonly #drained = new AbortController();
  #runningCount = 0;
  #lastTakenAtMs: number;

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
    this.#lastTakenAtMs = options.clock.now();
    // Exactly three plain parameters, or BullMQ gives no AbortSignal.
    const processor = async (
      job: Job,
      token: string | undefined,
      signal: AbortSignal | undefined,
    ) => await this.#process(job, token, signal);
    this.#worker = new TicketWorker(deliveryQueueName, processor, {
      connection: options.redis,
      prefix: shardTag(options.root, options.shard),
      concurrency: options.concurrency,
      // As long as a lane's: a POST of a worker that died is made again by another one within 15 s.
      lockDuration: 10_000,
      stalledInterval: 5_000,
      maxStalledCount: 50,
      autorun: false,
      settings: {
        backoffStrategy: (attemptsMade, _type, error) =>
          error instanceof DeliveryFailed ? error.delayMs : options.delayBeforeMs(attemptsMade + 1),
      },
    });
    this.#worker.on('error', (error) => options.log.debug({ reason: error.message }, 'deliveries'));
  }

  /** When this worker last took a delivery, epoch milliseconds. */
  get lastTakenAtMs(): number {
    return this.#lastTakenAtMs;
  }

  /** As a lane's worker: whether a delivery is due that this one could take now. */
  async couldTake(lanes: Lanes): Promise<boolean> {
    const { shard, concurrency } = this.#options;
    if (this.#runningCount >= concurrency) return false;
    const queue = lanes.queue(deliveryQueueName, shard);
    const [counts, isPaused] = await Promise.all([
      queue.getJobCounts('waiting', 'prioritized'),
      queue.isPaused(),
    ]);
    const { waiting = 0, prioritized = 0 } = counts;
    return waiting + prioritized > 0 && !isPaused;
  }

  start(): void {
    void this.#worker.run();
  }

  /**
   * Waits `graceMs` for the POSTs in flight. One that takes longer comes back with another worker and the same
   * `webhook-id`; no attempt is counted for it.
   */
  async close(graceMs: number): Promise<void> {
    await this.#worker.pause(true);
    const grace = setTimeout(() => this.#drained.abort(), graceMs);
    await this.#worker.close();
    clearTimeout(grace);
  }

  async #process(
    job: Job,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { clock, deliver } = this.#options;
    this.#lastTakenAtMs = clock.now();
    this.#runningCount += 1;
    try {
      const aborted = signal ?? new AbortController().signal;
      const delivering = deliver(delivery.parse(job.data), job.attemptsMade + 1, aborted);
      const move = await this.#untilDrained(delivering);
      if (move.kind === 'retry') throw new DeliveryFailed(move.reason, move.delayMs);
      if (move.kind === 'defer') {
        await job.moveToDelayed(clock.now() + move.delayMs, token);
        throw new DelayedError();
      }
      if (move.kind === 'given_up') throw new UnrecoverableError(move.reason);
    } finally {
      this.#runningCount -= 1;
    }
  }

  async #untilDrained(delivering: Promise<DeliveryMove>): Promise<DeliveryMove> {
    const { signal } = this.#drained;
    const stopped = Promise.withResolvers<DeliveryMove>();
    const stop = () => stopped.resolve({ kind: 'defer', delayMs: handOverMs });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([delivering, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

class DeliveryFailed extends SluiceError {
  readonly delayMs: number;

  constructor(reason: string, delayMs: number) {
    super('upstream_error', reason);
    this.delayMs = delayMs;
  }
}
