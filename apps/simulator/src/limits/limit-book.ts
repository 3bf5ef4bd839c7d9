import { limitsSchema } from './limits-schema.ts';
import type { LimitsScript, LimitsSettings } from './limits-schema.ts';
import { ScopeLimiter } from './scope-limiter.ts';

/** Which limits hold for which API key. A key is a scope; scopes are counted apart. */
export class LimitBook {
  #fallback: LimitsSettings = limitsSchema.parse({});
  readonly #own = new Map<string, LimitsSettings>();
  readonly #limiters = new Map<string, ScopeLimiter>();

  /** Replaces the limits of the script's scope. Throws a ZodError for an invalid script. */
  set(script: LimitsScript): LimitsSettings {
    const settings = limitsSchema.parse(script);
    if (settings.scope === undefined) this.#setFallback(settings);
    else this.#setOwn(settings.scope, settings);
    return settings;
  }

  /** The limiter of a key. */
  for(key: string): ScopeLimiter {
    const known = this.#limiters.get(key);
    if (known !== undefined) return known;
    const limiter = new ScopeLimiter(this.#own.get(key) ?? this.#fallback);
    this.#limiters.set(key, limiter);
    return limiter;
  }

  /** Forgets all limits and what was used of them. */
  reset(): void {
    this.#own.clear();
    this.#setFallback(limitsSchema.parse({}));
  }

  #setFallback(settings: LimitsSettings): void {
    this.#fallback = settings;
    for (const [key, limiter] of this.#limiters) {
      if (!this.#own.has(key)) limiter.configure(settings);
    }
  }

  #setOwn(key: string, settings: LimitsSettings): void {
    this.#own.set(key, settings);
    this.for(key).configure(settings);
  }
}
