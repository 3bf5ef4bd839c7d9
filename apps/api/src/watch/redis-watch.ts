import { SluiceError } from '@sluice/contracts';

import type { ApiDeps } from '../deps.ts';

/** What Redis says of its memory. */
export interface RedisMemory {
  usedBytes: number;
  /** 0 is no limit. */
  maxBytes: number;
}

/** Knows whether new work may be given to Redis, from one look a second instead of one a request. */
export interface RedisWatch {
  /** @throws SluiceError `overloaded` when Redis is nearly full, `unavailable` when it does not answer. */
  assertRoom(): void;
  /** Whether Redis leaves a question unanswered now: it is paused, swamped or cut off without a word. */
  readonly isSilent: boolean;
  /** `undefined` before the first answer. */
  readonly memory: RedisMemory | undefined;
}

/**
 * New work stops at this part of maxmemory. At the limit itself completions still work but locks cannot be renewed, and
 * jobs run twice (measured): what is accepted must have room to end.
 */
export const fullAt = 0.8;

const everyMs = 250;

/** A look without answer for this long means that Redis is paused or swamped: sending it more would only pile up. */
const silentAfterMs = 250;

/** Looks at once, then every second until `signal` aborts. A failing look leaves the last answer standing. */
export function watchRedis(
  { redis, clock, log }: Pick<ApiDeps, 'redis' | 'clock' | 'log'>,
  signal: AbortSignal,
): RedisWatch {
  const seen: Seen = { memory: undefined, isSilent: false };
  // Ends with the signal and never rejects.
  void (async () => {
    while (!signal.aborted) {
      await look(seen, { redis, log });
      await clock.sleep(everyMs, signal);
    }
  })();
  return {
    assertRoom() {
      if (seen.isSilent) {
        throw new SluiceError('unavailable', 'Redis does not answer: nothing was stored');
      }
      if (isFull(seen.memory)) {
        throw new SluiceError(
          'overloaded',
          `Redis uses more than ${fullAt * 100} % of its memory: no new work is accepted`,
          { retryAfterMs: 5_000 },
        );
      }
    },
    get isSilent() {
      return seen.isSilent;
    },
    get memory() {
      return seen.memory;
    },
  };
}

interface Seen {
  memory: RedisMemory | undefined;
  isSilent: boolean;
}

/** One question to Redis; while it waits for too long, Redis is silent. */
async function look(seen: Seen, { redis, log }: Pick<ApiDeps, 'redis' | 'log'>): Promise<void> {
  const waiting = setTimeout(
    () => afterReading(() => (seen.isSilent = true), waiting),
    silentAfterMs,
  );
  try {
    seen.memory = parseMemory(await redis.info('memory'));
  } catch (error) {
    log.debug({ err: error }, 'Redis did not tell its memory');
  } finally {
    answered.add(waiting);
    clearTimeout(waiting);
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

export function isFull(memory: RedisMemory | undefined): boolean {
  if (!memory || memory.maxBytes === 0) return false;
  return memory.usedBytes >= memory.maxBytes * fullAt;
}

function parseMemory(info: string): RedisMemory {
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: read('used_memory'), maxBytes: read('maxmemory') };
}
