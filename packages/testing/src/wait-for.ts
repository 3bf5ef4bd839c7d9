import { setTimeout as sleep } from 'node:timers/promises';

/** How long and how often `waitFor` looks. */
export interface WaitOptions {
  /** 5,000 by default. */
  readonly timeoutMs?: number;
  /** 10 by default. */
  readonly intervalMs?: number;
  /** What is waited for; part of the error. */
  readonly description?: string;
}

/**
 * Asks until the condition gives something other than undefined, null or false, and returns that.
 * Rejects after `timeoutMs`, with the last error of the condition as cause if it threw.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { timeoutMs = 10_000, intervalMs = 10, description = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      // The cast says what the check just did; TypeScript does not narrow generics.
      if (holds(value)) return value as Exclude<T, undefined | null | false>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(intervalMs);
  } while (performance.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms for ${description}, in vain`, { cause });
}

function holds(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
