import { createHash } from 'node:crypto';

import type { Clock } from './clock.ts';
import { countTokens } from './text.ts';

/** A vendor that caches by itself keeps no shorter prompts, and counts what it read in steps. */
const LEAST_TOKENS = 1024;
const STEP_TOKENS = 128;
const CHARACTERS_PER_TOKEN = 4;
const STEP = STEP_TOKENS * CHARACTERS_PER_TOKEN;
const LIFE_MS = 600_000;
const MAX_ENTRIES = 100_000;

/** What a token that was read costs, of one that was not. */
export const READ_FACTOR = 0.1;

/**
 * The begins of prompts that were seen before, for vendors that cache without being asked: OpenAI, Gemini, DeepSeek.
 * @see https://platform.openai.com/docs/guides/prompt-caching
 */
export class PromptPrefixes {
  readonly #clock: Clock;
  readonly #seenUntil = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tokens at the begin of a prompt that an earlier one of the scope had too. From now on this one is known as well. */
  read(scope: string, prompt: string): number {
    if (countTokens(prompt.length) < LEAST_TOKENS) return 0;
    const now = this.#clock.now();
    const ids = hashSteps(scope, prompt);
    const known = ids.findIndex((id) => (this.#seenUntil.get(id) ?? 0) <= now);
    const tokens = (known === -1 ? ids.length : known) * STEP_TOKENS;
    this.#keep(ids, now + LIFE_MS);
    return tokens < LEAST_TOKENS ? 0 : tokens;
  }

  clear(): void {
    this.#seenUntil.clear();
  }

  #keep(ids: readonly string[], until: number): void {
    for (const id of ids) {
      this.#seenUntil.delete(id);
      this.#seenUntil.set(id, until);
    }
    for (const id of this.#seenUntil.keys()) {
      if (this.#seenUntil.size <= MAX_ENTRIES) return;
      this.#seenUntil.delete(id);
    }
  }
}

/** An id of each begin that ends with a step. */
function hashSteps(scope: string, prompt: string): string[] {
  const hash = createHash('sha256').update(scope);
  const steps = Math.floor(prompt.length / STEP);
  return Array.from({ length: steps }, (_, step) => {
    hash.update(prompt.slice(step * STEP, (step + 1) * STEP));
    return hash.copy().digest('base64');
  });
}
