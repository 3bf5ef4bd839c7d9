import type { World } from '../world.ts';

/** How a batch went: every line has an answer, it was cancelled, or its time ended before all had one. */
export type BatchEnd = 'done' | 'cancelled' | 'expired';

/** A batch while it is worked on. */
export type BatchWork = {
  /** Number of its lines. */
  lines: number;
  /** The API key it belongs to, whose behaviour says how long it takes. */
  key: string;
  /** Aborts when it is cancelled. */
  signal: AbortSignal;
  answer(line: number): Promise<void>;
};

/**
 * Works on a batch: its lines get their answers one after the other, spread over the time that the behaviour's `batch` says,
 * and no more of them than it says.
 */
export async function workOn(world: World, work: BatchWork): Promise<BatchEnd> {
  const { clock } = world;
  const { delayMs, expireAfterLines = Infinity } = world.behaviour.for(work.key).settings.batch;
  const startedAt = clock.now();
  const share = delayMs / Math.max(1, work.lines);
  for (let line = 0; line < work.lines; line += 1) {
    if (line >= expireAfterLines) return 'expired';
    const leftMs = startedAt + (line + 1) * share - clock.now();
    // Lines are answered in their order, each in its time.
    // oxlint-disable-next-line no-await-in-loop
    if (leftMs > 0) await clock.sleep(leftMs, work.signal);
    if (work.signal.aborted) return 'cancelled';
    // oxlint-disable-next-line no-await-in-loop
    await work.answer(line);
  }
  return 'done';
}

/** Things of API keys by id, the newest last; one that belongs to another key is not there. */
export class KeyedBook<Thing extends { id: string; key: string }> {
  readonly #things = new Map<string, Thing>();

  add(thing: Thing): void {
    this.#things.set(thing.id, thing);
  }

  find(id: string, key: string): Thing | undefined {
    const thing = this.#things.get(id);
    return thing?.key === key ? thing : undefined;
  }

  /** All of the key's. */
  of(key: string): Thing[] {
    return [...this.#things.values()].filter((thing) => thing.key === key);
  }

  /** The key's own, the newest first, behind the one with the id `after`. */
  page(key: string, after: string | null, limit: number): { page: Thing[]; hasMore: boolean } {
    const own = this.of(key).toReversed();
    const start = after === null ? 0 : own.findIndex(({ id }) => id === after) + 1;
    return { page: own.slice(start, start + limit), hasMore: own.length > start + limit };
  }

  clear(): Thing[] {
    const things = [...this.#things.values()];
    this.#things.clear();
    return things;
  }
}
