import type { LimitsSettings } from './limits-schema.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Why a call was not admitted. */
export type Violation = {
  dimension: 'requests' | 'tokens' | 'concurrency';
  limit: number;
  /** Length of the broken window; 0 for concurrency. */
  windowMs: number;
  used: number;
  requested: number;
  /** Milliseconds until the call would fit; Infinity = never; undefined = not known (concurrency). */
  waitMs: number | undefined;
};

/** How full the tightest window of one dimension is. */
export type WindowGauge = { limit: number; remaining: number; resetMs: number };

/** Gauges for rate-limit headers; a dimension without a limit is absent. */
export type Gauges = { requests?: WindowGauge; tokens?: WindowGauge };

/** The limits of one scope and what has been used of them. */
export class ScopeLimiter {
  #requests: SlidingWindow[] = [];
  #tokens: SlidingWindow[] = [];
  #concurrency: number | undefined;
  #countLimited = true;
  #open = 0;
  #lastArrival = 0;

  constructor(settings: LimitsSettings) {
    this.configure(settings);
  }

  /** Replaces the limits with empty windows; calls that are open stay counted. */
  configure(settings: LimitsSettings): void {
    this.#requests = settings.requests.map(toWindow);
    this.#tokens = settings.tokens.map(toWindow);
    this.#concurrency = settings.concurrency;
    this.#countLimited = settings.countLimited;
  }

  /**
   * Admits a call, all dimensions or none. An admitted call holds a concurrency slot until
   * `release()`. Bodies may finish in another order than their headers came, so a call is never
   * counted earlier than the one before it.
   */
  admit(arrivedAt: number, tokens: number): Violation | undefined {
    const now = Math.max(arrivedAt, this.#lastArrival);
    this.#lastArrival = now;
    const violation = this.#findViolation(now, tokens);
    if (violation === undefined || this.#countLimited) {
      for (const window of this.#requests) window.add(now, 1);
    }
    if (violation !== undefined) return violation;
    for (const window of this.#tokens) window.add(now, tokens);
    this.#open += 1;
    return undefined;
  }

  /** Gives the concurrency slot of one admitted call back. */
  release(): void {
    this.#open -= 1;
  }

  gauges(now: number): Gauges {
    const requests = tightest(this.#requests, now);
    const tokens = tightest(this.#tokens, now);
    return { ...(requests && { requests }), ...(tokens && { tokens }) };
  }

  #findViolation(now: number, tokens: number): Violation | undefined {
    if (this.#concurrency !== undefined && this.#open >= this.#concurrency) {
      const limit = this.#concurrency;
      const used = this.#open;
      return {
        dimension: 'concurrency',
        limit,
        windowMs: 0,
        used,
        requested: 1,
        waitMs: undefined,
      };
    }
    let worst: Violation | undefined;
    for (const window of this.#requests) {
      worst = longerWait(worst, checkWindow('requests', window, now, 1));
    }
    for (const window of this.#tokens) {
      worst = longerWait(worst, checkWindow('tokens', window, now, tokens));
    }
    return worst;
  }
}

function toWindow(setting: { limit: number; windowMs: number }): SlidingWindow {
  return new SlidingWindow(setting.limit, setting.windowMs);
}

function checkWindow(
  dimension: 'requests' | 'tokens',
  window: SlidingWindow,
  now: number,
  requested: number,
): Violation | undefined {
  const waitMs = window.waitFor(now, requested);
  if (waitMs <= 0) return undefined;
  const { limit, windowMs } = window;
  return { dimension, limit, windowMs, used: window.used(now), requested, waitMs };
}

function longerWait(a: Violation | undefined, b: Violation | undefined): Violation | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (b.waitMs ?? 0) > (a.waitMs ?? 0) ? b : a;
}

function tightest(windows: SlidingWindow[], now: number): WindowGauge | undefined {
  let result: WindowGauge | undefined;
  for (const window of windows) {
    const remaining = Math.max(0, window.limit - window.used(now));
    if (result !== undefined && remaining >= result.remaining) continue;
    result = { limit: window.limit, remaining, resetMs: window.emptyAfter(now) };
  }
  return result;
}
