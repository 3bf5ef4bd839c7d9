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
  /** `undefined` before the first answer. */
  readonly memory: RedisMemory | undefined;
}

/**
 * New work stops at this part of maxmemory. At the limit itself completions still work but locks cannot be renewed, and
 * jobs run twice (measured): what is accepted must have room to end.
 */
export const fullAt = 0.8;

const everyMs = 1_000;

/** A look without answer for this long means that Redis is paused or swamped: sending it more would only pile up. */
const silentAfterMs = 2_000;

/** Looks at once, then every second until `signal` aborts. A failing look leaves the last answer standing. */
export function watchRedis(
  { redis, clock, log }: Pick<ApiDeps, 'redis' | 'clock' | 'log'>,
  signal: AbortSignal,
): RedisWatch {
  let memory: RedisMemory | undefined;
  let askedAtMs: number | undefined;
  const look = async () => {
    try {
      askedAtMs = clock.now();
      memory = parseMemory(await redis.info('memory'));
    } catch (error) {
      log.debug({ err: error }, 'Redis did not tell its memory');
    } finally {
      askedAtMs = undefined;
    }
  };
  // Ends with the signal and never rejects.
  void (async () => {
    while (!signal.aborted) {
      await look();
      await clock.sleep(everyMs, signal);
    }
  })();
  return {
    assertRoom() {
      if (askedAtMs !== undefined && clock.now() - askedAtMs > silentAfterMs) {
        throw new SluiceError('unavailable', 'Redis does not answer: nothing was stored');
      }
      if (isFull(memory)) {
        throw new SluiceError(
          'overloaded',
          `Redis uses more than ${fullAt * 100} % of its memory: no new work is accepted`,
          { retryAfterMs: 5_000 },
        );
      }
    },
    get memory() {
      return memory;
    },
  };
}

export function isFull(memory: RedisMemory | undefined): boolean {
  if (!memory || memory.maxBytes === 0) return false;
  return memory.usedBytes >= memory.maxBytes * fullAt;
}

function parseMemory(info: string): RedisMemory {
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: read('used_memory'), maxBytes: read('maxmemory') };
}
