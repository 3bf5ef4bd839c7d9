import { SluiceError } from '@sluice/contracts';
import { nodesOf, type Clock, type Logger, type Redis } from '@sluice/runtime';

/** What Redis says of its memory; of a cluster, what its fullest node says. */
export interface RedisMemory {
  usedBytes: number;
  /** 0 is no limit. */
  maxBytes: number;
}

/** Knows whether new work may be given to Redis, from a few looks a second instead of one a request. */
export interface RedisWatch {
  /** @throws SluiceError `overloaded` when Redis is nearly full, `unavailable` when it does not answer. */
  assertRoom(): void;
  /** @throws SluiceError `unavailable` when Redis leaves a question unanswered now. */
  assertAnswers(): void;
  /** Rejects as soon as Redis leaves a question unanswered: it is paused, swamped or cut off without a word. Else with `work`. */
  unlessSilent<Value>(work: Promise<Value>, late: () => SluiceError): Promise<Value>;
  /** `undefined` before the first answer. */
  readonly memory: RedisMemory | undefined;
}

/**
 * New work stops at this part of maxmemory. At the limit itself completions still work but locks cannot be renewed, and
 * jobs run twice (measured): what is accepted must have room to end.
 */
export const fullAt = 0.8;

/** A request that comes as Redis falls silent waits for both of these at most: it has its 503 within 300 ms. */
const everyMs = 50;

/** Without requests; the first one has a look taken at once. Twenty a second took 2 % of a processor for nobody. */
const idleEveryMs = 1_000;

/** A look without answer for this long means that Redis is paused or swamped: sending it more would only pile up. */
const silentAfterMs = 200;

/** After this long what waits for answers is given up: a connection that died without a word never brings them. */
const deadAfterMs = 1_000;

/**
 * Looks at once, then until `signal` aborts: twenty times a second while it is asked, else once a second. A failing look leaves
 * the last answer standing.
 */
export function watchRedis(
  { redis, clock, log }: { redis: Redis; clock: Clock; log: Logger },
  signal: AbortSignal,
): RedisWatch {
  const seen: Seen = { memory: undefined, isSilent: false, waiting: [], demand: new Demand() };
  // Ends with the signal and never rejects.
  void (async () => {
    while (!signal.aborted) {
      await look(seen, { redis, log });
      await seen.demand.rest(clock, signal);
    }
  })();
  const assertAnswers = () => {
    seen.demand.note();
    if (!seen.isSilent) return;
    throw new SluiceError('unavailable', 'Redis does not answer: nothing was stored');
  };
  return {
    assertAnswers,
    assertRoom() {
      assertAnswers();
      if (isFull(seen.memory)) {
        throw new SluiceError(
          'overloaded',
          `Redis uses more than ${fullAt * 100} % of its memory: no new work is accepted`,
          { retryAfterMs: 5_000 },
        );
      }
    },
    unlessSilent: (work, late) => unlessSilent(seen, work, late),
    get memory() {
      return seen.memory;
    },
  };
}

interface Seen {
  memory: RedisMemory | undefined;
  isSilent: boolean;
  /** Who is to know when Redis falls silent; those that are settled are taken out with the next look. */
  waiting: Waiter[];
  demand: Demand;
}

/** Whether anybody wants to know. */
class Demand {
  #isNoted = false;
  #wake: (() => void) | undefined;

  note(): void {
    this.#isNoted = true;
    this.#wake?.();
  }

  /** Until the next look is due. Whoever ends a long rest has one more look after a short one: Redis may fall silent in between. */
  async rest(clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.#isNoted) {
      this.#isNoted = false;
      await clock.sleep(everyMs, signal);
      return;
    }
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await clock.sleep(idleEveryMs, AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
  }
}

interface Waiter {
  /** Absent once it is settled. */
  onSilence: (() => void) | undefined;
}

/**
 * On the accept path: one promise, where `Promise.race` makes four, and a list of which nothing is taken out one by one: the
 * tables that a `Set` leaves behind as it changes hold each other, and what was in them, until the next full collection.
 */
function unlessSilent<Value>(
  seen: Seen,
  work: Promise<Value>,
  late: () => SluiceError,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = { onSilence: () => reject(late()) };
    seen.waiting.push(waiter);
    seen.demand.note();
    const settled = () => (waiter.onSilence = undefined);
    work.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
}

/** One question to each node of Redis; while one of them waits for too long, Redis is silent. */
async function look(seen: Seen, { redis, log }: { redis: Redis; log: Logger }): Promise<void> {
  seen.waiting = seen.waiting.filter(({ onSilence }) => onSilence !== undefined);
  if (seen.waiting.length > 0) seen.demand.note();
  const onSilent = () => {
    seen.isSilent = true;
    for (const { onSilence } of seen.waiting) onSilence?.();
  };
  const waiting = setTimeout(() => afterReading(onSilent, waiting), silentAfterMs);
  const asked = new Set(nodesOf(redis));
  const onDead = () => asked.forEach((node) => node.disconnect(true));
  const dying = setTimeout(() => afterReading(onDead, waiting), deadAfterMs);
  try {
    const memories = [...asked].map(async (node) => {
      const memory = parseMemory(await node.info('memory'));
      asked.delete(node);
      return memory;
    });
    seen.memory = fullestOf(await Promise.all(memories));
  } catch (error) {
    log.debug({ err: error }, 'Redis did not tell its memory');
  } finally {
    answered.add(waiting);
    clearTimeout(waiting);
    clearTimeout(dying);
    seen.isSilent = false;
  }
}

/** Looks that have ended: their timer may have fired in the same turn of the event loop as their answer was read. */
const answered = new WeakSet<object>();

/** An answer that came while the event loop was busy is read first: a slow process is no silent Redis. */
function afterReading(act: () => void, timer: object): void {
  setImmediate(() =>
    setImmediate(() => {
      if (!answered.has(timer)) act();
    }),
  );
}

/** A cluster takes no more where its fullest node does not: any job may be its. */
function fullestOf(memories: readonly RedisMemory[]): RedisMemory | undefined {
  const full = (memory: RedisMemory) => memory.maxBytes && memory.usedBytes / memory.maxBytes;
  return memories.toSorted((one, other) => full(other) - full(one))[0];
}

export function isFull(memory: RedisMemory | undefined): boolean {
  if (!memory || memory.maxBytes === 0) return false;
  return memory.usedBytes >= memory.maxBytes * fullAt;
}

function parseMemory(info: string): RedisMemory {
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: read('used_memory'), maxBytes: read('maxmemory') };
}
