import type { Lanes, LaneWorker } from '@sluice/queue';
import type { Clock, Logger } from '@sluice/runtime';

/** Takes tickets of one lane, or deliveries, in one shard. */
export type WatchedWorker = Pick<LaneWorker, 'lastTakenAtMs' | 'couldTake'>;

export interface ProgressWatch {
  /** By the names of their lanes, one for each shard. */
  watched: ReadonlyMap<string, readonly WatchedWorker[]>;
  /** On a connection that nothing else uses: one that is stuck does not answer that it is. */
  lanes: Lanes;
  clock: Clock;
  log: Logger;
  /** Called once, when a lane's consumer is stuck. */
  onStuck(error: Error): void;
  /** How long tickets may lie where this process could take them. */
  stuckAfterMs: number;
}

const looksWithin = 6;

/**
 * Watches whether this process takes tickets where there are some for it, until `signal` aborts. A consumer that stands still
 * says nothing of it: it is connected, answers pings, and renews locks. Only progress tells; the remedy is a new process.
 */
export async function watchProgress(watch: ProgressWatch, signal: AbortSignal): Promise<void> {
  const { watched, lanes, clock, log, stuckAfterMs, onStuck } = watch;
  const consumers = [...watched].flatMap(([lane, workers]) =>
    workers.map((worker, shard) => new Consumer(`${lane} in shard ${shard}`, worker, lanes)),
  );
  while (!signal.aborted) {
    for (const consumer of consumers) {
      const idleMs = await consumer.look(clock.now());
      if (idleMs < stuckAfterMs) continue;
      const message = `no ticket of lane ${consumer.name} was taken for ${Math.round(idleMs / 1_000)} s although there were some`;
      log.error(message);
      onStuck(new Error(message));
      return;
    }
    await clock.sleep(stuckAfterMs / looksWithin, signal);
  }
}

/** How long one lane's worker has stood still. */
class Consumer {
  readonly name: string;
  readonly #worker: WatchedWorker;
  readonly #lanes: Lanes;
  #idleSinceMs: number | undefined;
  #lastTakenAtMs: number;

  constructor(name: string, worker: WatchedWorker, lanes: Lanes) {
    this.name = name;
    this.#worker = worker;
    this.#lanes = lanes;
    this.#lastTakenAtMs = worker.lastTakenAtMs;
  }

  /** For how many milliseconds each look has found tickets that could be taken, and none was. */
  async look(nowMs: number): Promise<number> {
    // What cannot be read now says nothing.
    const couldTake = await this.#worker.couldTake(this.#lanes).catch(() => false);
    const { lastTakenAtMs } = this.#worker;
    const hasMoved = lastTakenAtMs !== this.#lastTakenAtMs;
    this.#lastTakenAtMs = lastTakenAtMs;
    this.#idleSinceMs = couldTake && !hasMoved ? (this.#idleSinceMs ?? nowMs) : undefined;
    return this.#idleSinceMs === undefined ? 0 : nowMs - this.#idleSinceMs;
  }
}
