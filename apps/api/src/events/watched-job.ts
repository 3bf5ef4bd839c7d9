import type { EventPage, EventPosition, Records } from '@sluice/records';
import type { Clock, Logger } from '@sluice/runtime';

/** A nudge may get lost with its connection: events are read again at least this often. */
const readAgainMs = 2_000;

interface WatchDeps {
  clock: Clock;
  log: Logger;
  records: Records;
}

/**
 * One job that readers in this process follow. However many they are, it is one subscription, and one read of Redis for each
 * place at which readers are when something has happened: those that have everything are all at the same place.
 */
export class WatchedJob {
  readonly jobId: string;
  readonly #deps: WatchDeps;
  readonly #wakes = new Set<() => void>();
  /** What was read since the last change. */
  readonly #reads = new Map<unknown, Promise<unknown>>();
  readonly #left = new AbortController();
  #readers = 0;

  constructor(jobId: string, deps: WatchDeps) {
    this.jobId = jobId;
    this.#deps = deps;
    this.#listen();
    // Ends with the last reader, and rejects for nothing.
    void this.#readAgain();
  }

  enter(): void {
    this.#readers += 1;
  }

  /** How many readers are left. With the last one the subscription ends. */
  leave(): number {
    this.#readers -= 1;
    if (this.#readers === 0) this.#left.abort();
    return this.#readers;
  }

  /** What follows a place, read once for all who are there until something happens. */
  async read(after: EventPosition): Promise<EventPage | undefined> {
    return await this.once(`${after.timeline}.${after.deltas}`, () =>
      this.#deps.records.readEvents(this.jobId, after),
    );
  }

  /** What `make` makes, made once for all who ask for the same thing until something happens. A failure is not kept. */
  async once<T>(what: unknown, make: () => Promise<T>): Promise<T> {
    let made = this.#reads.get(what);
    if (!made) {
      made = make();
      this.#reads.set(what, made);
      made.catch(() => this.#reads.delete(what));
    }
    // Each thing has one way to make it, so one type.
    return (await made) as T;
  }

  /** A reader's sleep. `next()` resolves at the first change after it was called, and when `signal` aborts. */
  changes(signal: AbortSignal): { next(): Promise<void>; stop(): void } {
    let wake = () => {};
    const onChange = () => wake();
    this.#wakes.add(onChange);
    signal.addEventListener('abort', onChange);
    return {
      next: () =>
        new Promise((resolve) => {
          wake = resolve;
          if (signal.aborted) resolve();
        }),
      stop: () => {
        this.#wakes.delete(onChange);
        signal.removeEventListener('abort', onChange);
      },
    };
  }

  #change(): void {
    this.#reads.clear();
    for (const wake of this.#wakes) wake();
  }

  #listen(): void {
    const { records, log } = this.#deps;
    const listening = records.onChange(this.jobId, () => this.#change());
    const { signal } = this.#left;
    const stop = async () => {
      // Nobody waits for the end of a subscription; when Redis is away it has ended anyway.
      await listening.then((end) => end()).catch(() => undefined);
    };
    signal.addEventListener('abort', () => void stop());
    listening.then(
      // What happened before the subscription stood has to be read.
      () => this.#change(),
      (error: unknown) => log.debug({ err: error, jobId: this.jobId }, 'no nudges for readers'),
    );
  }

  async #readAgain(): Promise<void> {
    while (!this.#left.signal.aborted) {
      await this.#deps.clock.sleep(readAgainMs, this.#left.signal);
      this.#change();
    }
  }
}
