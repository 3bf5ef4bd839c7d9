import type { LimitsSettings } from './limits-schema.ts';
import { SlidingWindow } from './sliding-window.ts';

/** What a window can count. */
export type WindowDimension = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens';

/** Why a call was not admitted. */
export type Violation = {
  dimension: WindowDimension | 'concurrency';
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
export type Gauges = Partial<Record<WindowDimension, WindowGauge>>;

/** The limits of one scope and what has been used of them. */
export class ScopeLimiter {
  #requests: SlidingWindow[] = [];
  /** Slices of the request windows; no header tells of them. */
  #slices: SlidingWindow[] = [];
  #tokens: SlidingWindow[] = [];
  #inputTokens: SlidingWindow[] = [];
  #outputTokens: SlidingWindow[] = [];
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
    this.#slices = settings.requests.flatMap(toSlice);
    this.#tokens = settings.tokens.map(toWindow);
    this.#inputTokens = settings.inputTokens.map(toWindow);
    this.#outputTokens = settings.outputTokens.map(toWindow);
    this.#concurrency = settings.concurrency;
    this.#countLimited = settings.countLimited;
  }

  /**
   * Admits a call, all dimensions or none. An admitted call holds a concurrency slot until
   * `release()`. Bodies may finish in another order than their headers came, so a call is never
   * counted earlier than the one before it. Only calls that tell their `inputTokens` are held to
   * the limits of input and output tokens; output needs room for one token.
   */
  admit(arrivedAt: number, tokens: number, inputTokens?: number): Violation | undefined {
    const now = Math.max(arrivedAt, this.#lastArrival);
    this.#lastArrival = now;
    const violation = this.#findViolation(now, tokens, inputTokens);
    if (violation === undefined || this.#countLimited) {
      for (const window of [...this.#requests, ...this.#slices]) window.add(now, 1);
    }
    if (violation !== undefined) return violation;
    for (const window of this.#tokens) window.add(now, tokens);
    for (const window of this.#inputTokens) window.add(now, inputTokens ?? 0);
    this.#open += 1;
    return undefined;
  }

  /** Charges output tokens at the moment they are produced. */
  chargeOutput(now: number, tokens: number): void {
    for (const window of this.#outputTokens) window.add(now, tokens);
  }

  /** Gives the concurrency slot of one admitted call back. */
  release(): void {
    this.#open -= 1;
  }

  gauges(now: number): Gauges {
    const requests = tightest(this.#requests, now);
    const tokens = tightest(this.#tokens, now);
    const inputTokens = tightest(this.#inputTokens, now);
    const outputTokens = tightest(this.#outputTokens, now);
    return {
      ...(requests && { requests }),
      ...(tokens && { tokens }),
      ...(inputTokens && { inputTokens }),
      ...(outputTokens && { outputTokens }),
    };
  }

  #findViolation(
    now: number,
    tokens: number,
    inputTokens: number | undefined,
  ): Violation | undefined {
    if (this.#concurrency !== undefined && this.#open >= this.#concurrency) {
      return tooManyOpen(this.#concurrency, this.#open);
    }
    const needs: [WindowDimension, SlidingWindow[], number][] = [
      ['requests', this.#requests, 1],
      ['requests', this.#slices, 1],
      ['tokens', this.#tokens, tokens],
    ];
    if (inputTokens !== undefined) {
      needs.push(['inputTokens', this.#inputTokens, inputTokens]);
      needs.push(['outputTokens', this.#outputTokens, 1]);
    }
    let worst: Violation | undefined;
    for (const [dimension, windows, requested] of needs) {
      for (const window of windows) {
        worst = longerWait(worst, checkWindow(dimension, window, now, requested));
      }
    }
    return worst;
  }
}

function tooManyOpen(limit: number, used: number): Violation {
  const unknown = { windowMs: 0, waitMs: undefined };
  return { dimension: 'concurrency', limit, used, requested: 1, ...unknown };
}

function toWindow(setting: { limit: number; windowMs: number }): SlidingWindow {
  return new SlidingWindow(setting.limit, setting.windowMs);
}

function toSlice(setting: LimitsSettings['requests'][number]): SlidingWindow[] {
  const { limit, windowMs, sliceMs } = setting;
  if (sliceMs === undefined) return [];
  return [new SlidingWindow(Math.ceil((limit * sliceMs) / windowMs), sliceMs)];
}

function checkWindow(
  dimension: WindowDimension,
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
