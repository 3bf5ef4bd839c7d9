const COMPACT_AFTER = 1024;

/**
 * The exact weight that arrived in the last `windowMs`: a true sliding window (now - windowMs, now],
 * not a bucket, so that it can convict a limiter that admits a single call too many.
 *
 * Arrivals are kept oldest first with a running total, which makes the weight in the window and the
 * wait for room a subtraction and a binary search.
 */
export class SlidingWindow {
  readonly limit: number;
  readonly windowMs: number;
  #times: number[] = [];
  /** #totals[i] = weight of all arrivals up to and including i, since the window was made. */
  #totals: number[] = [];
  #head = 0;
  #expiredTotal = 0;

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** Records an arrival. Times must not go backwards. */
  add(now: number, weight: number): void {
    const total = (this.#totals.at(-1) ?? this.#expiredTotal) + weight;
    this.#times.push(now);
    this.#totals.push(total);
  }

  /** Weight inside the window that ends now. */
  used(now: number): number {
    this.#expire(now);
    return (this.#totals.at(-1) ?? this.#expiredTotal) - this.#expiredTotal;
  }

  /** Milliseconds until `weight` more would fit: 0 = now, Infinity = never (above the limit). */
  waitFor(now: number, weight: number): number {
    if (weight > this.limit) return Infinity;
    const excess = this.used(now) + weight - this.limit;
    if (excess <= 0) return 0;
    const index = this.#firstTotalAtLeast(this.#expiredTotal + excess);
    return (this.#times[index] ?? now) + this.windowMs - now;
  }

  /** Milliseconds until the window is empty. */
  emptyAfter(now: number): number {
    this.#expire(now);
    const newest = this.#times.length > this.#head ? this.#times.at(-1) : undefined;
    return newest === undefined ? 0 : newest + this.windowMs - now;
  }

  #expire(now: number): void {
    const horizon = now - this.windowMs;
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) <= horizon) {
      this.#expiredTotal = this.#totals[this.#head] ?? 0;
      this.#head += 1;
    }
    if (this.#head < COMPACT_AFTER || this.#head * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#head);
    this.#totals = this.#totals.slice(this.#head);
    this.#head = 0;
  }

  #firstTotalAtLeast(target: number): number {
    let low = this.#head;
    let high = this.#totals.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#totals[middle] ?? 0) >= target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
