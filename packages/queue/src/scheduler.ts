import { Queue, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';

import { shardTag, type Logger } from '@sluice/runtime';

const queueName = 'sweeps';

/**
 * Runs `task` every `everyMs` in exactly one of all worker processes: a BullMQ job scheduler makes one ticket per period,
 * and whoever takes it does the work.
 */
export class Scheduler {
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #everyMs: number;

  constructor(options: {
    redis: Redis;
    root: string;
    shard: number;
    everyMs: number;
    task: () => Promise<void>;
    log: Logger;
  }) {
    const prefix = shardTag(options.root, options.shard);
    this.#everyMs = options.everyMs;
    this.#queue = new Queue(queueName, {
      connection: options.redis,
      prefix,
      streams: { events: { maxLen: 100 } },
    });
    const processor = async (_job: Job) => await options.task();
    this.#worker = new Worker(queueName, processor, {
      connection: options.redis,
      prefix,
      concurrency: 1,
      lockDuration: 30_000,
      stalledInterval: 5_000,
      maxStalledCount: 1_000,
      autorun: false,
    });
    this.#queue.on('error', () => {});
    this.#worker.on('error', (error) => options.log.debug({ reason: error.message }, 'sweeps'));
  }

  async start(): Promise<void> {
    await this.#queue.upsertJobScheduler(
      'sweep',
      { every: this.#everyMs },
      { name: 'sweep', opts: { removeOnComplete: true, removeOnFail: { count: 20 } } },
    );
    void this.#worker.run();
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#queue.close();
  }
}
